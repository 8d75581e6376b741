#!/usr/bin/env bash
# The packed package in apps of Nest 10, 11 and 12 that are compiled by tsc with decorator metadata, as `nest build` does it:
# each one starts, halts a login, and finishes it by the code. By hand, since it installs Nest three times from npm:
#
#   npm run build && test/package/nest-versions.sh       # 10, 11 and 12
#   npm run build && test/package/nest-versions.sh 11    # or those named
#
# Everything goes into a temporary folder.
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
versions=("$@")
((${#versions[@]})) || versions=(10 11 12)

cd "$project"
npm pack --silent --ignore-scripts --pack-destination "$folder" >/dev/null

sqlite=$(node -p "require('better-sqlite3/package.json').version")

for version in "${versions[@]}"; do
  typeorm=1
  if ((version == 10)); then typeorm=0.3; fi
  mkdir -p "$folder/nest-$version/src"
  cd "$folder/nest-$version"
  # Nest 12 is made of ES modules, and so are its apps.
  type=commonjs
  if ((version >= 12)); then type=module; fi
  echo "{ \"private\": true, \"type\": \"$type\" }" >package.json
  npm install --silent --no-audit --no-fund --ignore-scripts "$folder"/passport-two-factor-*.tgz \
    "@nestjs/common@$version" "@nestjs/core@$version" "@nestjs/platform-express@$version" "@nestjs/passport@$version" \
    "@nestjs/typeorm@$version" "typeorm@$typeorm" reflect-metadata@0.2 rxjs@7 passport@0.7 passport-local@1 express-session@1 \
    "better-sqlite3@$sqlite" typescript@5.9 @types/node@20 @types/express-session@1 @types/passport-local@1
  # Compiled already, which takes minutes.
  cp -r "$project/node_modules/better-sqlite3/build" node_modules/better-sqlite3/
  cp "$project/test/package/nest-versions-app.ts.txt" src/main.ts
  cat >tsconfig.json <<'END'
{
  "compilerOptions": {
    "target": "ES2022", "module": "nodenext", "moduleResolution": "nodenext", "strict": true, "skipLibCheck": true,
    "exactOptionalPropertyTypes": true,
    "experimentalDecorators": true, "emitDecoratorMetadata": true, "esModuleInterop": true, "strictPropertyInitialization": false,
    "types": ["node"], "outDir": "dist"
  },
  "include": ["src"]
}
END
  npx tsc -p tsconfig.json
  # Without skipLibCheck, too: what others declare wrongly is not ours.
  ours=$(npx tsc -p tsconfig.json --noEmit --skipLibCheck false | grep 'passport-two-factor/' || true)
  if [[ -n $ours ]]; then
    echo "$ours"
    exit 1
  fi
  node dist/main.js
done
