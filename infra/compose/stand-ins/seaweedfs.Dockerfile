# Stands for chrislusf/seaweedfs:4.48.
FROM sallyport-stand-in-base
COPY weed /usr/bin/weed
ENTRYPOINT ["weed"]
