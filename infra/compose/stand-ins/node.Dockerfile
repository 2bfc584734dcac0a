# Stands for node:24-bookworm-slim where no image registry is reached.
FROM sallyport-stand-in-base
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
# How this machine trusts and finds package registries; of use to a build here, and to nobody else.
COPY certificates /etc/ssl/certs/ca-certificates.crt
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
COPY npmrc /usr/local/etc/npmrc
