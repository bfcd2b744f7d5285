# The image of every Node service; SERVICE is its folder. The context is the repository's root: docker build -f docker/node-service.Dockerfile --build-arg SERVICE=tracker .
ARG SERVICE=tracker

# Everything up to the last two lines is the same for all services, so it is built once and shared.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
COPY packages/protocol/package.json packages/protocol/
COPY packages/kit/package.json packages/kit/
COPY packages/net/package.json packages/net/
COPY packages/cluster/package.json packages/cluster/
COPY packages/relay-swarm/package.json packages/relay-swarm/
COPY packages/client/package.json packages/client/
COPY packages/mesh/package.json packages/mesh/
COPY packages/site/package.json packages/site/
COPY packages/seeder/package.json packages/seeder/
COPY gun/package.json gun/
COPY tracker/package.json tracker/
COPY peerjs/package.json peerjs/
COPY stun/package.json stun/
RUN --mount=type=cache,target=/npm npm ci --cache /npm
COPY packages/protocol packages/protocol
COPY packages/kit packages/kit
COPY packages/net packages/net
COPY packages/cluster packages/cluster
COPY packages/relay-swarm packages/relay-swarm
RUN node_modules/.bin/tsc -b packages/relay-swarm packages/cluster
COPY packages/client packages/client
RUN node_modules/.bin/tsc -b packages/client
COPY packages/mesh packages/mesh
COPY packages/site packages/site
RUN node packages/site/build.mjs /site && chmod -R a+rX /site
ARG SERVICE
COPY ${SERVICE} ${SERVICE}
RUN node_modules/.bin/tsc -b ${SERVICE}

# Only what the service needs to run: its own dependencies and the compiled code.
FROM node:24-trixie-slim AS production
ARG SERVICE
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/protocol/package.json packages/protocol/
COPY packages/kit/package.json packages/kit/
COPY packages/net/package.json packages/net/
COPY packages/cluster/package.json packages/cluster/
COPY packages/relay-swarm/package.json packages/relay-swarm/
COPY packages/client/package.json packages/client/
COPY ${SERVICE}/package.json ${SERVICE}/
RUN --mount=type=cache,target=/npm npm ci --cache /npm --omit=dev -w ${SERVICE}
COPY --from=build /app/packages/protocol/dist packages/protocol/dist
COPY --from=build /app/packages/kit/dist packages/kit/dist
COPY --from=build /app/packages/net/dist packages/net/dist
COPY --from=build /app/packages/cluster/dist packages/cluster/dist
COPY --from=build /app/packages/relay-swarm/dist packages/relay-swarm/dist
COPY --from=build /app/packages/client/dist packages/client/dist
COPY --from=build /app/${SERVICE}/dist ${SERVICE}/dist
# The clone may have been made with a umask that lets nobody else read it.
RUN chmod -R a+rX /app

FROM node:24-trixie-slim
ARG SERVICE
# The volumes' mount points belong to the service's user, so that a new volume does too.
RUN install -d -o node -g node -m 0755 /data /tls /media /state && install -d -o node -g node -m 0700 /identity /secret
COPY --chmod=755 scripts/container/healthy scripts/container/one-port /usr/local/bin/
COPY --from=production /app /app
COPY --from=build /site /site
WORKDIR /app/${SERVICE}
ENV NODE_ENV=production DATA_DIR=/data IDENTITY_DIR=/identity STUN_SECRET_DIR=/secret
USER node
# What is young is looked through more often: with Node's 16 MB, garbage of a busy tracker stays in memory (docs/performance.md).
CMD ["node", "--enable-source-maps", "--max-semi-space-size=2", "dist/main.js"]
