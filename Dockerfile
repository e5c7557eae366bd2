# The image of `spillway`: everything in one process, with its data in the volume /data. Its stages are
# those of Dockerfile.gateway, with another program. Builder and runtime use the same Debian.

FROM rust:1.95.0-slim-trixie AS chef
RUN cargo install cargo-chef --version 0.1.78 --locked
WORKDIR /src

FROM chef AS planner
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS builder
COPY --from=planner /src/recipe.json recipe.json
RUN cargo chef cook --locked --release -p standalone
COPY . .
RUN cargo build --locked --release -p standalone
# Makes the folder that the volume is mounted on, and takes its owner from.
WORKDIR /data

FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=builder /src/target/release/spillway /spillway
COPY --from=builder --chown=65532:65532 /data /data
ENV HOST=0.0.0.0 DATA_DIR=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/spillway"]
