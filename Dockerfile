# One image for all services and the command line: `authn`, `policy`, `approval`, `recorder`, `proxy --name w1`,
# `sally COMMAND`. Node runs the TypeScript as it is written, so nothing is compiled; the first stage only installs.

FROM node:24-bookworm-slim AS modules
WORKDIR /sallyport
COPY . .
# What only tests and examples use stays out.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error \
      --workspace=cli --workspace=services/authn --workspace=services/policy --workspace=services/approval \
      --workspace=services/recorder --workspace=services/proxy \
 && rm -rf examples test libs/testkit node_modules/@sallyport/testkit node_modules/.cache node_modules/.package-lock.json

FROM node:24-bookworm-slim
COPY --from=modules /sallyport /sallyport
# The config and the data directory are mounted here; the user owns what it is given, and no code.
RUN install -d -o root -g root /etc/sallyport && install -d -o node -g node -m 0700 /etc/sallyport/.sallyport
ENV NODE_ENV=production
WORKDIR /etc/sallyport
USER node
ENTRYPOINT ["/bin/sh", "/sallyport/infra/container/start.sh"]
CMD ["sally", "--help"]
HEALTHCHECK --interval=15s --timeout=10s --start-period=3m CMD ["node", "/sallyport/infra/container/healthy.ts"]
