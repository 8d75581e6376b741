import type { FactoryProvider, ModuleMetadata } from '@nestjs/common';
import type {
  ProtectOptions,
  SecondFactorErrorHandlerOptions,
  TwoFactorAuthOptions,
  TwoFactorOptions,
  TwoFactorService,
} from 'passport-two-factor';
import type { TwoFactorRouterOptions } from 'passport-two-factor/router';

/** `twoFactorRouter` in a Nest app: its options, and where it is. */
export interface NestRouterOptions extends Omit<TwoFactorRouterOptions, 'service' | 'passport'> {
  /** As browsers ask for it, such as `'/2fa'`: the app's global prefix and versions do not apply to it. */
  readonly path: string;
}

/** What of `TwoFactorModule`'s options is about the app, and not about the service. */
export interface TwoFactorModuleSettings
  extends
    Pick<ProtectOptions, 'only' | 'except' | 'kinds' | 'secondFactorRedirect' | 'name'>,
    Pick<TwoFactorAuthOptions, 'login' | 'property' | 'claims'> {
  /** Default: the one that @nestjs/passport uses. */
  readonly passport?: ProtectedPassport;
  /** How a halted login is answered; see `secondFactorErrorHandler`. Default: 401. */
  readonly errors?: SecondFactorErrorHandlerOptions;
  /** Mounts `twoFactorRouter`. Default: there is none. */
  readonly router?: NestRouterOptions;
}

/** A Passport that logins can be guarded of. */
export type ProtectedPassport = TwoFactorAuthOptions['passport'] & {
  /** As Passport has it. */
  readonly use: unknown;
};

/** The service is made by the module: of the DataSource of `TypeOrmModule`, or of `db`. */
export interface ServiceOptions extends Omit<TwoFactorOptions, 'db'>, TwoFactorModuleSettings {
  /** Default: the app's default DataSource. */
  readonly db?: TwoFactorOptions['db'];
  /** Not beside the options of a service. */
  readonly service?: undefined;
}

/** The app has a service already. */
export interface GivenService extends TwoFactorModuleSettings {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
}

/** Options of `TwoFactorModule.forRoot`. */
export type TwoFactorModuleOptions = ServiceOptions | GivenService;

/** Options of `TwoFactorModule.forRootAsync`. */
export interface TwoFactorModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** What `useFactory` is called with. */
  readonly inject?: FactoryProvider['inject'];
  /** Answers the options, or a promise of them. */
  readonly useFactory: FactoryProvider<TwoFactorModuleOptions>['useFactory'];
}
