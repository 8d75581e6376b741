import { PassportSerializer } from '@nestjs/passport';
import { TwoFactorService, type TwoFactorOptions } from 'passport-two-factor';
import type { ProtectedPassport, TwoFactorModuleOptions, TwoFactorModuleSettings } from './options.js';

/** @internal What the module was told, for everything of it that Nest makes. */
export class TwoFactorHost {
  constructor(
    readonly service: TwoFactorService,
    readonly passport: ProtectedPassport,
    readonly settings: Omit<TwoFactorModuleSettings, 'passport'>,
  ) {}

  /** @throws TypeError for a wrong option, and where there is no database */
  static of(options: TwoFactorModuleOptions, db: TwoFactorOptions['db'] | undefined): TwoFactorHost {
    if (typeof options !== 'object' || (options as unknown) === null)
      throw new TypeError(`TwoFactorModule: the options must be an object; got ${typeof options}`);
    const { only, except, kinds, secondFactorRedirect, name, ...others } = options;
    const { login, property, claims, passport, errors, router, ...ofService } = others;
    const settings = {
      ...given({ only, except, kinds, secondFactorRedirect, name, login, property, claims, errors, router }),
    };
    return new TwoFactorHost(serviceOf(ofService, db), passport ?? passportOfNest(), settings);
  }
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what was not given, as the functions that take the options want it. */
export const given = <T extends object>(options: T): Given<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;

interface OfService {
  readonly service?: TwoFactorService | undefined;
}

function serviceOf({ service, ...options }: OfService, db: TwoFactorOptions['db'] | undefined): TwoFactorService {
  if (service !== undefined) {
    const [unknown] = Object.keys(options);
    if (unknown === undefined) return service;
    throw new TypeError(`TwoFactorModule: "${unknown}" is an option of a service that is made; there is a service`);
  }
  const own = options as Partial<TwoFactorOptions>;
  const found = own.db ?? db;
  if (!found)
    throw new TypeError(
      'TwoFactorModule: there is no DataSource to keep second factors in: import TypeOrmModule.forRoot(…) with ' +
        'entities: [User, ...twoFactorEntities()], or give one as { db: dataSource }.',
    );
  return new TwoFactorService({ ...(own as TwoFactorOptions), db: found });
}

/** The app may have several copies of Passport: AuthGuard and PassportStrategy use this one. */
const passportOfNest = (): ProtectedPassport =>
  PassportSerializer.prototype.getPassportInstance.call(undefined as never) as ProtectedPassport;
