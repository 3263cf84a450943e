# The operator in an image. docs/image.md says what is in it, and how to build it with a base of your own.
ARG BASE_IMAGE=python:3.13-slim
# Another one only where the base has no shell or no venv: it must have the same Python at the same path.
ARG BUILDER_IMAGE=${BASE_IMAGE}

FROM ${BUILDER_IMAGE} AS builder
WORKDIR /build
# One environment that builds, and one that is built: without pip, it is all that the image gets.
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/headrace
COPY requirements/build.txt requirements/operator.txt requirements/
# The secrets are optional: how to reach the package index, and the certificates to trust there.
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.crt \
    export PIP_CONFIG_FILE=/run/secrets/pip.conf PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 && \
    pip() { tools/bin/python -m pip "$@" --quiet --no-compile --only-binary :all: --require-hashes; } && \
    pip install -r requirements/build.txt && \
    pip --python /opt/headrace/bin/python install -r requirements/operator.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY operator operator
COPY tools/image/trim.py tools/
# Compiled here, because nobody can write there; by content, so that no clock matters.
RUN export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INDEX=1 && \
    tools/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . && \
    tools/bin/python -m pip --python /opt/headrace/bin/python install --quiet --no-deps --no-compile dist/*.whl && \
    /opt/headrace/bin/python -B tools/trim.py && \
    /opt/headrace/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/headrace/lib

# No RUN from here on: the base needs no shell.
FROM ${BASE_IMAGE}
ARG VERSION
ARG REVISION
ARG SOURCE
LABEL org.opencontainers.image.title="Headrace" \
      org.opencontainers.image.description="An operator for S3 buckets and CloudFront distributions." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=builder /opt/headrace /opt/headrace
ENV PATH=/opt/headrace/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["headrace-operator"]
