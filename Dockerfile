# The page is built in the first stage; the second has what runs only.
FROM node:24-bookworm-slim AS build
WORKDIR /aimak
COPY . .
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
WORKDIR /aimak
COPY --from=build /aimak ./
RUN mkdir /data && chown node /data
USER node
ENV NODE_COMPILE_CACHE=/tmp/aimak-cache
# The pinned Node of the packages, as everywhere else; it hands SIGTERM on, which npm does not.
ENTRYPOINT ["node_modules/.bin/node", "app/main.ts"]
CMD ["--host", "0.0.0.0", "--data-dir", "/data"]
