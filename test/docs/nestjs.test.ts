import 'reflect-metadata';
import * as common from '@nestjs/common';
import * as jwtPart from '@nestjs/jwt';
import * as passportPart from '@nestjs/passport';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import session from 'express-session';
import passport from 'passport';
import * as passportJwt from 'passport-jwt';
import request from 'supertest';
import ts from 'typescript';
import { DataSource } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import * as library from 'passport-two-factor';
import * as nestjsPart from 'passport-two-factor/nestjs';
import { currentTotp } from 'passport-two-factor/testing';
import { Password, Serializer, sqlite } from '../nestjs/app.js';
import { UserSchema } from '../support/app.js';
import type { CreatedDatabase } from '../support/databases.js';
import { blocksIn } from './markdown.js';

let created: CreatedDatabase;
let app: NestExpressApplication;
afterEach(async () => {
  await app.close();
  await created.drop();
});

/** What the app of a diff is after it: its exports. */
function after(heading: string, globals: Record<string, unknown>): Record<string, common.Type> {
  const [block] = blocksIn('docs/nestjs.md', heading, 'diff');
  const lines = block!.lines.filter((line) => !line.startsWith('-')).map((line) => line.slice(1));
  const { outputText } = ts.transpileModule(lines.join('\n'), {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const modules: Record<string, unknown> = {
    '@nestjs/common': common,
    '@nestjs/jwt': jwtPart,
    '@nestjs/passport': passportPart,
    // On the database of the test; the guide's has files of migrations.
    '@nestjs/typeorm': {
      TypeOrmModule: {
        forRoot: ({ entities }: { entities: never[] }) =>
          TypeOrmModule.forRoot({ ...created.options, entities, synchronize: true, retryAttempts: 0 }),
      },
    },
    'passport-jwt': passportJwt,
    'passport-two-factor': library,
    'passport-two-factor/nestjs': nestjsPart,
  };
  const exported: Record<string, common.Type> = {};
  const given = { User: UserSchema, ...globals };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code of a document of this repository
  new Function('require', 'exports', ...Object.keys(given), outputText)(
    (name: string) => modules[name],
    exported,
    ...Object.values(given),
  );
  return exported;
}

/** Starts it, with one user who has an authenticator app; answers the code that it shows. */
async function start(imports: common.Type[], more: common.ModuleMetadata): Promise<string> {
  const testing = await Test.createTestingModule({ imports, ...more }).compile();
  app = testing.createNestApplication<NestExpressApplication>(new ExpressAdapter(), { logger: false });
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false }), passport.session());
  await app.init();
  const user = { id: 1, email: 'ada@example.com', password: 'correct horse', disabled: 0 };
  await app.get(DataSource).getRepository(UserSchema).insert(user);
  const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
  await app.get(library.TwoFactorService).importTotp('1', secret);
  return currentTotp(secret);
}

const credentials = { email: 'ada@example.com', password: 'correct horse' };

@common.Module({})
class AuthModule {}

@common.Module({})
class UsersModule {}

class UsersService {
  findById = (id: number) => app.get(DataSource).getRepository(UserSchema).findOneBy({ id });
}
common.Module({ providers: [UsersService], exports: [UsersService] })(UsersModule);

describe('docs/nestjs.md, run', () => {
  it('an app with sessions', async () => {
    process.env.TWO_FACTOR_KEYS = library.generateKey('k1');
    created = await sqlite.create();
    const { AppModule, LoginGuard } = after('## An app with sessions', { AuthModule, UsersModule });
    @common.Controller()
    class Login {
      @common.Post('login')
      @common.UseGuards(LoginGuard!)
      logIn() {
        return { in: true };
      }
    }
    const code = await start([AppModule!], { controllers: [Login], providers: [Password, Serializer] });
    const agent = request.agent(app.getHttpServer());
    await agent.post('/login').send(credentials).expect(302).expect('Location', '/2fa');
    const { body } = await agent.get('/2fa/api/status').expect(200);
    expect(body).toMatchObject({ state: 'pending', methods: { totp: true } });
    await agent.get('/2fa').redirects(1).expect(200).expect('Content-Type', /html/);
    const { csrfToken } = body as { csrfToken: string };
    await agent.post('/2fa/api/verify').set('x-csrf-token', csrfToken).send({ code }).expect(200);
    expect((await agent.get('/2fa/api/status')).body).toMatchObject({ state: 'authenticated' });
  });

  it('an app with tokens', async () => {
    process.env.TWO_FACTOR_KEYS = library.generateKey('k1');
    process.env.JWT_SECRET = 'of the test';
    created = await sqlite.create();
    const { AppModule, AuthController, JwtStrategy } = after('## An app with tokens', { UsersModule, UsersService });
    @common.Controller()
    @common.UseGuards(passportPart.AuthGuard('jwt'), nestjsPart.SecondFactorGuard)
    class Vault {
      @common.Get('vault')
      open() {
        return { open: true };
      }
    }
    const code = await start([AppModule!, jwtPart.JwtModule.register({ secret: 'of the test' }) as never], {
      controllers: [AuthController!, Vault],
      providers: [Password, Serializer, JwtStrategy!],
    });
    const agent = () => request(app.getHttpServer());
    const { body } = await agent().post('/auth/login').send(credentials).expect(401);
    const { challengeToken } = body as { challengeToken: string };
    await agent().get('/vault').set('Authorization', `Bearer ${challengeToken}`).expect(401);
    const done = await agent().post('/auth/code').send({ challengeToken, code }).expect(201);
    const { token } = done.body as { token: string };
    await agent().get('/vault').set('Authorization', `Bearer ${token}`).expect(200, { open: true });
  });
});
