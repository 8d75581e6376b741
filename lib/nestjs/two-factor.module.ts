import { Global, Inject, Module, type DynamicModule, type FactoryProvider, type NestModule } from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { protect, twoFactorAuth, TwoFactorService, type TwoFactorOptions } from 'passport-two-factor';
import { twoFactorRouter } from 'passport-two-factor/router';
import { DataSource } from 'typeorm';
import { TwoFactorExceptionFilter } from './exception.filter.js';
import { given, TwoFactorHost } from './host.js';
import { rememberProperty } from './requests.js';
import { takeOver } from './take-over.js';
import type { TwoFactorModuleAsyncOptions, TwoFactorModuleOptions } from './options.js';

const optionsToken = 'passport-two-factor:options';

/**
 * The second factor of a Nest app: guards every login of Passport (`protect`), puts `req.auth` on every request, and
 * answers the errors of this package. It is global: import it once, in the root module.
 *
 * ```ts
 * @Module({
 *   imports: [
 *     TypeOrmModule.forRoot({ …, entities: [User, ...twoFactorEntities()] }),
 *     TwoFactorModule.forRootAsync({
 *       imports: [UsersModule],
 *       inject: [UsersService],
 *       useFactory: (users: UsersService) => ({
 *         keys: process.env.TWO_FACTOR_KEYS,
 *         users: { id: (user) => String(user.id), email: (user) => user.email, find: (id) => users.find(Number(id)) },
 *         twoFactor: { issuer: 'MyApp' },
 *       }),
 *     }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 *
 * In `main.ts` sessions and `passport.session()` come by `app.use`, as in any Nest app. It exports `TwoFactorService`.
 *
 * Errors at start: TypeError for an option that is wrong, for an app without a DataSource, for Fastify, and where it is
 * imported twice.
 */
@Global()
@Module({})
export class TwoFactorModule implements NestModule {
  /** @internal */
  constructor(
    @Inject(TwoFactorHost) private readonly host: TwoFactorHost,
    @Inject(HttpAdapterHost) private readonly adapters: HttpAdapterHost,
  ) {}

  /** With options that are there already. */
  static forRoot(options: TwoFactorModuleOptions): DynamicModule {
    return moduleBy({ provide: optionsToken, useFactory: () => options });
  }

  /** With options that other providers have a part in. */
  static forRootAsync({ imports = [], inject = [], useFactory }: TwoFactorModuleAsyncOptions): DynamicModule {
    return { ...moduleBy({ provide: optionsToken, inject, useFactory }), imports };
  }

  /**
   * Nest calls it when all strategies are there, and before any route, resolver or middleware of a module. What is
   * mounted here knows neither the global prefix nor versions, so that no spelling of a path goes round it.
   */
  configure(): void {
    const { httpAdapter } = this.adapters;
    checkAdapter(httpAdapter);
    const { service, passport, settings } = this.host;
    const { only, except, kinds, secondFactorRedirect, name, login, property = 'auth', claims, router } = settings;
    takeOver(passport, service);
    protect(passport, { service, ...given({ only, except, kinds, secondFactorRedirect, name }) });
    const auth = given({ login, property: settings.property, name, claims });
    httpAdapter.use(remembering(property, twoFactorAuth({ service, passport, ...auth })));
    if (!router) return;
    const { path, ...options } = router;
    if (typeof path !== 'string' || !path.startsWith('/'))
      throw new TypeError(`TwoFactorModule: router.path must be a path such as "/2fa"; got ${typeof path}`);
    httpAdapter.use(path, twoFactorRouter({ ...given({ login }), ...options, service, passport }));
  }
}

function moduleBy(options: FactoryProvider<TwoFactorModuleOptions>): DynamicModule {
  return {
    module: TwoFactorModule,
    providers: [
      options,
      {
        provide: TwoFactorHost,
        inject: [optionsToken, { token: DataSource, optional: true }],
        useFactory: (given: TwoFactorModuleOptions, db?: TwoFactorOptions['db']) => TwoFactorHost.of(given, db),
      },
      { provide: TwoFactorService, inject: [TwoFactorHost], useFactory: ({ service }: TwoFactorHost) => service },
      TwoFactorExceptionFilter,
      { provide: APP_FILTER, useExisting: TwoFactorExceptionFilter },
    ],
    exports: [TwoFactorService, TwoFactorHost, TwoFactorExceptionFilter],
  };
}

const configured = new WeakSet();

/** @throws TypeError for Fastify, whose requests are not those that Passport knows, and at the second call */
function checkAdapter(adapter: HttpAdapterHost['httpAdapter']): void {
  const type = adapter.getType();
  if (type !== 'express')
    throw new TypeError(
      `TwoFactorModule: this app runs on "${type}", and the second factor needs Express: ` +
        'NestFactory.create(AppModule) with @nestjs/platform-express.',
    );
  if (configured.has(adapter))
    throw new TypeError(
      'TwoFactorModule: it is imported twice. Once is enough: it is global, and the service and the guards are there ' +
        'in every module.',
    );
  configured.add(adapter);
}

const remembering =
  (property: string, auth: RequestHandler): RequestHandler =>
  (req: Request, res: Response, next: NextFunction) => {
    rememberProperty(req, property);
    void auth(req, res, next);
  };
