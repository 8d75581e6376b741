import { writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';
import { openApiDocument } from '../../lib/router/api/openapi.js';

/** What a client of the router knows of it, for the compiler: tokens.test.ts tells where it is out of date. */
const document = JSON.stringify(openApiDocument('/2fa/api', { tokens: true }));
void openapiTS(document).then(async (types) => {
  await writeFile('test/router/api.generated.ts', astToString(types));
});
