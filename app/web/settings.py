"""What the command tells the app: environment variables, read in one place."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.settings import DatabaseSettings


class AppSettings(BaseSettings):
    """How the app was started."""

    model_config = SettingsConfigDict(extra="ignore")

    allow_changes: bool = Field(default=False, validation_alias="ALSOBOUGHT_APP_ALLOW_CHANGES")
    """Whether people who are logged in may publish, roll back and vote."""
    images: bool = Field(default=False, validation_alias="ALSOBOUGHT_APP_IMAGES")
    """Whether the catalogue's own picture addresses are shown: the browser then asks other machines for them."""
    compare_folder: Path | None = Field(default=None, validation_alias="ALSOBOUGHT_COMPARE_FOLDER")
    """Folder that ``compare`` wrote its results to; None: ``compare/latest`` under ALSOBOUGHT_HOME."""
    reports_folder: Path | None = Field(default=None, validation_alias="ALSOBOUGHT_REPORTS")
    """Folder of the scheduled job's reports; None: ``reports`` under ALSOBOUGHT_HOME."""

    @property
    def reports(self) -> Path:
        """The folder of the job's reports that the page Runs shows."""
        return self.reports_folder or DatabaseSettings().catalogue_folder() / "reports"

    @property
    def comparison(self) -> Path:
        """The folder of the comparison that the page Quality shows."""
        return self.compare_folder or DatabaseSettings().catalogue_folder() / "compare" / "latest"
