import { Controller, Get } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withTwoFactor } from 'passport-two-factor/nestjs';
import { NestTest } from './app.js';

@Controller('cats')
class Cats {
  @Get()
  all() {
    return [];
  }
}

describe('the document of @nestjs/swagger', () => {
  let test: NestTest;
  beforeAll(async () => {
    test = await NestTest.open({ controllers: [Cats], module: { router: { path: '/2fa' } } });
  });
  afterAll(() => test.close());

  const documented = (version: string): OpenAPIObject => {
    const config = new DocumentBuilder().setTitle('Cats').setOpenAPIVersion(version).build();
    return withTwoFactor(SwaggerModule.createDocument(test.app, config), test.app);
  };

  it.each(['3.0.0', '3.1.0'])(
    'has the routes of the router beside those of the app, as OpenAPI %s',
    async (version) => {
      const document = documented(version);
      expect(Object.keys(document.paths)).toEqual(
        expect.arrayContaining(['/cats', '/2fa/api/status', '/2fa/api/verify']),
      );
      const { valid, errors } = await new Validator().validate(structuredClone(document) as never);
      expect(errors).toBeUndefined();
      expect(valid).toBe(true);
      const text = JSON.stringify(document);
      const referred = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name!);
      expect(new Set(referred).size).toBeGreaterThan(5);
      for (const name of referred) expect(document.components!.schemas).toHaveProperty(name);
    },
  );

  it('tells of what is there: the router answers at these paths', async () => {
    const paths = Object.keys(documented('3.0.0').paths).filter((path) => path.startsWith('/2fa/'));
    for (const path of paths) expect((await test.agent().options(path)).status, path).not.toBe(404);
    expect((await test.agent().get('/2fa/api/status').expect(200)).body).toEqual({ state: 'anonymous' });
  });

  it('says that there is nothing to document without a router', async () => {
    const bare = await NestTest.open();
    expect(() => withTwoFactor({ openapi: '3.0.0', paths: {} }, bare.app)).toThrow(/there is no router to document/);
    await bare.close();
  });
});
