"""What the job does, from a TOML file; the environment has the last word.

``ALSOBOUGHT_REEMBED_MODEL=node2vec`` and ``ALSOBOUGHT_REEMBED_GATE__MAX_PRODUCTS_LOST=0.3`` change one value each.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.training import JUDGED_PRODUCTS
from graph.errors import UsageError


class GateLimits(BaseModel):
    """What a new run may be worse at before it is refused. Shares are of 1."""

    model_config = ConfigDict(extra="forbid")

    max_products_lost: float = Field(default=0.2, ge=0, le=1)
    """Listed products that may vanish since the run that serves; more looks like a half-delivered file."""
    max_pairs_lost: float = Field(default=0.2, ge=0, le=1)
    """Pairs that may vanish."""
    max_coverage_lost: float = Field(default=0.2, ge=0, le=1)
    """How much less of the catalogue the lists may show than those of the serving run's settings."""
    max_popularity_gain: float = Field(default=0.1, ge=0, le=1)
    """How much more of the lists the best linked hundredth of products may take."""
    max_recall_lost: float = Field(default=0.0, ge=0, le=1)
    """Recall that the serving run's settings may surely have more of (the low end of the interval), on one split."""
    max_ndcg_lost: float = Field(default=0.0, ge=0, le=1)
    """The same of nDCG, which sees the places within the lists too."""
    max_hub_share: float = Field(default=0.2, gt=0, le=1)
    """Share of all lists that may hold one and the same product."""
    max_hubness_gain: float = Field(default=2.0, ge=0)
    """How much more skewed the lists may fall on products: the skewness of how many lists hold each."""
    max_hub_places_gain: float = Field(default=0.1, ge=0, le=1)
    """How much more of all places the hundredth of products that stand in most lists may take."""
    max_mean_cosine: float = Field(default=0.95, gt=0, le=1)
    """Mean cosine between vectors of products drawn at random; near 1 all vectors are one."""


class ReembedConfig(BaseSettings):
    """Everything the job reads."""

    model_config = SettingsConfigDict(env_prefix="ALSOBOUGHT_REEMBED_", env_nested_delimiter="__", extra="forbid")

    model: str = "pagerank"
    """Registry name of the model that is published."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Its settings, as far as they differ from the defaults."""
    seed: int = Field(default=0, ge=0)
    split_seed: int = Field(default=42, ge=0)
    judge_products: int = Field(default=JUDGED_PRODUCTS, ge=1)
    """Lists of so many products, drawn with ``split_seed``, judge the settings; all of them in a smaller catalogue."""
    list_length: int = Field(default=20, ge=1, le=1000)
    warm_start: bool = False
    """Whether the refit begins from the vectors that serve, where the model can and is the same.

    Lists then move a little less, but night after night the vectors are trained past their best, which the gate, whose
    fits begin from nothing, does not see; docs/operations.md has figures."""
    pointer: str = "default"
    catalogue: str | None = None
    """Which of the database's catalogues; None means the one that --catalogue or the environment names."""
    source: str | None = None
    """A file, folder or pattern that is ingested first; without it and ``queries`` the graph is taken as it stands."""
    queries: tuple[str, ...] = ()
    """SELECTs whose rows are products, pairs or orders, ingested first, together with ``source``."""
    sql: str | None = Field(default=None, repr=False)
    """SQLAlchemy's address of the database that is asked; None means ``ALSOBOUGHT_SQL_URL``. The password belongs into
    ``ALSOBOUGHT_SQL_PASSWORD``."""
    wait_seconds: float = Field(default=300, ge=0)
    """How long to wait for a database that is away."""
    max_batches_per_second: float | None = Field(default=None, gt=0)
    nice: int = Field(default=10, ge=0, le=19)
    """Priority of the job against what else runs on its machine, so that it steps back behind a database there."""
    cores: int | None = Field(default=None, ge=1)
    """Cores that it learns on at most; None is all that it may use."""
    webhook: str | None = None
    """Address that gets a JSON POST after a refusal or a failure."""
    mlflow_tracking_uri: str | None = None
    """An MLflow that every run of the job is mirrored to (the extra ``[mlflow]``); None mirrors nothing."""
    gate: GateLimits = Field(default_factory=GateLimits)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file."""
        return env_settings, init_settings


def read_config(path: Path | None) -> ReembedConfig:
    """The job's configuration; the defaults where there is no file.

    Raises:
        UsageError: no such file, no TOML, an unknown key or a value that cannot be; the message names it.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} is not TOML: {error}") from error
    try:
        return ReembedConfig(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{path or 'the environment'}: {where}: {first['msg']}", "alsobought reembed --help"
        ) from error
