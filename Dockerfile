# The service in one small image. Build: docker build -t courier24 .
# Run: see README.md, "Run it for real"; /data holds the SQLite file and copies of media.

FROM node:20-bookworm-slim AS ui
WORKDIR /build/ui
COPY ui/package.json ui/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY ui ./
RUN npm run --silent build

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock build.rs ./
COPY activities ./activities
COPY locales ./locales
COPY migrations ./migrations
COPY src ./src
COPY tests ./tests
COPY --from=ui /build/ui/dist ./ui/dist
RUN cargo build --release --locked --bin courier24

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /data courier24
COPY --from=build /build/target/release/courier24 /usr/local/bin/courier24
USER courier24
WORKDIR /data
VOLUME /data
ENV COURIER24_LISTEN=0.0.0.0:8080 \
    COURIER24_DATABASE_URL=sqlite:///data/courier24.db \
    COURIER24_MEDIA_DIR=/data/media \
    COURIER24_LOG_FORMAT=json
EXPOSE 8080
ENTRYPOINT ["courier24"]
CMD ["serve", "--create"]
