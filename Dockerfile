# alsobought as a container: the app and the scheduled job; Neo4j is a container of its own (docker-compose.yml).
#
#   docker build --tag alsobought .                          # PyTorch's CPU build
#   docker build --tag alsobought --build-arg TORCH=gpu .    # PyTorch's CUDA build, several GB more
#
# What runs has exactly the versions of the lock, and every download but PyTorch's CPU build (which comes from an index
# of its own, without hashes) is compared with the lock's hashes. Tools of development stay out.

FROM python:3.11.14-slim-bookworm AS build
ARG TORCH=cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy
WORKDIR /src
COPY requirements.lock requirements.cpu.lock pyproject.toml README.md LICENSE ./
# uv first, at its locked version; then everything that pyproject.toml names, held by the lock. This layer changes only
# with the lock, not with the code.
RUN python -m venv /opt/alsobought \
    && /opt/alsobought/bin/pip install --no-cache-dir "$(grep -o '^uv==[0-9.]*' requirements.lock)" \
    && case "$TORCH" in \
         cpu) set -- --torch-backend=cpu --constraints requirements.cpu.lock ;; \
         gpu) set -- --constraints requirements.lock ;; \
         *) echo "TORCH is cpu or gpu, not $TORCH" >&2; exit 1 ;; \
       esac \
    && /opt/alsobought/bin/uv pip install --python /opt/alsobought/bin/python --no-cache --compile-bytecode "$@" \
         --requirements pyproject.toml
COPY ingest ingest
COPY graph graph
COPY models models
COPY app app
RUN /opt/alsobought/bin/uv pip install --python /opt/alsobought/bin/python --no-cache --compile-bytecode --no-deps \
         --build-constraints requirements.lock . \
    && /opt/alsobought/bin/uv pip uninstall --python /opt/alsobought/bin/python uv

FROM python:3.11.14-slim-bookworm
# LightGBM needs OpenMP. Debian takes a package's older versions away, so a pinned one would soon not be found.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /data --create-home alsobought
COPY --from=build /opt/alsobought /opt/alsobought
# Everything that is written goes to /data: reports, comparisons, compiled kernels, the job's scratch files, which are
# too large for a /tmp in memory. The code itself is root's.
ENV PATH=/opt/alsobought/bin:$PATH \
    ALSOBOUGHT_HOME=/data \
    NUMBA_CACHE_DIR=/data/.cache/numba \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/data
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8501
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 CMD ["alsobought", "health"]
ENTRYPOINT ["alsobought"]
CMD ["app", "--host", "0.0.0.0", "--no-browser"]
