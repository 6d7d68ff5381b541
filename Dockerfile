FROM python:3.13-slim

WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY . .
RUN python -m compileall -q webapp sandbox migrations \
    && useradd --system --home-dir /var/lib/kontor --create-home kontor \
    && install --directory --owner=kontor --mode=0700 /var/lib/kontor/files
ENV KONTOR_HOME=/var/lib/kontor HOST=0.0.0.0 PORT=8400 PYTHONUNBUFFERED=1
USER kontor
ENTRYPOINT ["python", "-m", "webapp.cli"]
CMD ["web"]
