import 'reflect-metadata';
import {
  Catch,
  Controller,
  Get,
  HttpException,
  Module,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { NestFactory, type HttpAdapterHost } from '@nestjs/core';
import type { Response } from 'express';
import { describe, expect, it } from 'vitest';
import { DeliveryFailedError, generateKey, StepUpRequiredError, type TwoFactorService } from 'passport-two-factor';
import { TwoFactorExceptionFilter, TwoFactorModule, type TwoFactorModuleOptions } from 'passport-two-factor/nestjs';
import { TwoFactorHost } from '../../lib/nestjs/host.js';
import { NestTest } from './app.js';
import { Sessions } from './controllers.js';

const options = {
  keys: generateKey('k1'),
  users: { id: String, find: (id: string) => id },
  twoFactor: { issuer: 'MyApp' },
};

@Module({})
class App {}

@Module({})
class Parts {}

@Controller()
class Failing {
  @Get('step-up')
  stepUp() {
    throw new StepUpRequiredError();
  }

  @Get('delivery')
  delivery() {
    throw new DeliveryFailedError(new Error('smtp'));
  }

  @Get('other')
  other() {
    throw new Error('of the app');
  }
}

/** As the documentation of Nest has it. */
@Catch()
class CatchEverything implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const status = error instanceof HttpException ? error.getStatus() : 500;
    host.switchToHttp().getResponse<Response>().status(status).json({ status });
  }
}

describe('TwoFactorModule', () => {
  it('takes options that other providers have a part in', async () => {
    const test = await NestTest.open({
      controllers: [Sessions],
      twoFactor: (given) =>
        TwoFactorModule.forRootAsync({
          imports: [{ module: Parts, providers: [{ provide: 'issuer', useValue: 'Parts' }], exports: ['issuer'] }],
          inject: ['issuer'],
          useFactory: (issuer: string) =>
            Promise.resolve({ ...given, twoFactor: { issuer } } as TwoFactorModuleOptions),
        }),
    });
    expect(test.service.issuer).toBe('Parts');
    const known = await test.withTotp(1);
    await test.logIn(test.agent(), known);
    await test.close();
  });

  it('says what is missing without a DataSource', async () => {
    const root = { module: App, imports: [TwoFactorModule.forRoot(options)] };
    await expect(NestFactory.createApplicationContext(root, { logger: false, abortOnError: false })).rejects.toThrow(
      'TwoFactorModule: there is no DataSource to keep second factors in: import TypeOrmModule.forRoot',
    );
  });

  it.each([
    ['an option that there is not', { keyz: 'k' }, /keyz/],
    ['a name that no strategy has', { except: ['gibthub'] }, /no strategy is registered as "gibthub"/],
    ['claims that are no function', { claims: 'user' }, /claims must be a function/],
    ['a router without a path', { router: { path: '2fa' } }, /router\.path must be a path such as "\/2fa"/],
    ['a status that is none', { errors: { status: 7 } }, /status must be an HTTP status/],
  ])('refuses %s at start', async (_what, module, told) => {
    await expect(NestTest.open({ module: module as never })).rejects.toThrow(told);
  });

  it('refuses options of a service beside a service', () => {
    const service = {} as TwoFactorService;
    expect(() => TwoFactorHost.of({ service, keys: 'k1:' } as never, undefined)).toThrow(
      '"keys" is an option of a service that is made',
    );
  });

  it('refuses Fastify, and to be imported twice', async () => {
    const test = await NestTest.open();
    const adapters = { httpAdapter: test.app.getHttpAdapter() } as unknown as HttpAdapterHost;
    const host = test.app.get(TwoFactorHost);
    expect(() => {
      new TwoFactorModule(host, adapters).configure();
    }).toThrow('TwoFactorModule: it is imported twice');
    const fastify = { httpAdapter: { getType: () => 'fastify' } } as unknown as HttpAdapterHost;
    expect(() => {
      new TwoFactorModule(host, fastify).configure();
    }).toThrow('this app runs on "fastify", and the second factor needs Express');
    await test.close();
  });
});

describe('the exception filter', () => {
  it('answers an error of the package by its status, and leaves others to Nest', async () => {
    const test = await NestTest.open({ controllers: [Failing] });
    expect((await test.agent().get('/step-up').expect(403)).body).toMatchObject({
      error: { code: 'STEP_UP_REQUIRED' },
    });
    expect((await test.agent().get('/delivery').expect(502)).body).toMatchObject({
      error: { code: 'DELIVERY_FAILED' },
    });
    expect((await test.agent().get('/other').expect(500)).body).toMatchObject({ statusCode: 500 });
    await test.close();
  });

  it('sends a browser where the halt says, and a client the JSON', async () => {
    const test = await NestTest.open({
      controllers: [Sessions],
      module: { errors: { status: 202, redirect: '/2fa' } },
    });
    const { user } = await test.withTotp(1);
    const body = { email: user.email, password: user.password };
    const page = await test.agent().post('/login').set('Accept', 'text/html').send(body).expect(302);
    expect(page.headers.location).toBe('/2fa');
    const json = await test.agent().post('/login').set('Accept', 'application/json').send(body).expect(202);
    expect(json.body).toMatchObject({ requiresTwoFactor: true });
    await test.close();
  });

  it('goes before a filter that catches everything where the app registers it after that', async () => {
    const test = await NestTest.open({
      controllers: [Failing],
      main: (app) => {
        app.useGlobalFilters(new CatchEverything(), app.get(TwoFactorExceptionFilter));
      },
    });
    await test.agent().get('/step-up').expect(403);
    await test.agent().get('/other').expect(500, { status: 500 });
    await test.close();
  });
});
