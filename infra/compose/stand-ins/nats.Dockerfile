# Stands for nats:2.15.1-alpine.
FROM sallyport-stand-in-base
COPY nats-server /usr/local/bin/nats-server
ENTRYPOINT ["nats-server"]
