import type {
  Authenticator,
  DeliveredMethod,
  EnrollableMethod,
  MethodName,
  PublicMethods,
  SpentMethods,
  TwoFactorError,
} from 'passport-two-factor';
import type { MessageKey, Translate } from '../messages/index.js';
import type { Html } from './html.js';

/** What every page is given. */
export interface PageFrame {
  /** The page's language. */
  readonly locale: string;
  /** A text of the page's language. */
  readonly t: Translate;
  /** A duration in words, such as "30 seconds". */
  readonly duration: (seconds: number) => string;
  /** The name of the app. */
  readonly site: string;
  /** The address of the router: all of its pages are below it. */
  readonly base: string;
  /** The app's login page. */
  readonly loginPath: string;
  /** Goes into every form, as a hidden field named `csrfField`. */
  readonly csrfToken: string;
  /** `_csrf`, or what the option `csrf` says. */
  readonly csrfField: string;
  /** Where the user is to go afterwards: a path on this site, or ''. Goes into the forms as `returnTo`. */
  readonly returnTo: string;
  /** Something that went well. */
  readonly notice?: MessageKey;
  /** Why the last try failed. */
  readonly error?: TwoFactorError;
  /** A whole page around a body, with the router's stylesheet and script. */
  readonly layout: (title: string, body: Html) => string;
}

/** What a code is asked for. */
export type CodePurpose = 'login' | 'step-up' | 'enrollment';

/** What each page shows. */
export interface PageData {
  /** Enter a code. */
  readonly code: {
    /** What the code is asked for. The form goes to `verify`, `step-up` or `confirm/<method>` below `base`. */
    readonly purpose: CodePurpose;
    /** Which code. */
    readonly method: MethodName;
    /** Of a delivered code: where it was sent, masked. */
    readonly maskedContact?: string;
    /** How many digits it has; of no meaning for a backup code. */
    readonly digits: number;
    /** Whether one was sent just now. */
    readonly sent: boolean;
    /** Seconds until another code may be asked for; null: there will be none. */
    readonly resendAfter?: number | null;
    /** Of an enrollment: the contact, for another code to be sent to. */
    readonly contact?: string;
    /** Whether there is another method to choose. */
    readonly others: boolean;
    /** Seconds until a code is looked at again, after too many wrong ones: there is no field for one meanwhile. */
    readonly wait?: number;
  };
  /** Choose a method to confirm by. */
  readonly choose: {
    readonly purpose: CodePurpose;
    readonly methods: PublicMethods;
    /** Methods to which nothing more can be sent for some time. */
    readonly spent?: SpentMethods;
  };
  /** A step-up of a user who has no second factor. */
  readonly password: {
    /** Whom the password is of, for password managers; '' where it is not known. */
    readonly name: string;
    /** Seconds until a password is looked at again, after too many wrong ones. */
    readonly wait?: number;
  };
  /** What is enrolled, and what can be changed. */
  readonly manage: {
    /** The verified methods, oldest first. */
    readonly authenticators: readonly (Authenticator & { readonly method: EnrollableMethod })[];
    /** How many are left. */
    readonly backupCodes: number;
    /** The passkeys that count, for the browser to forget the others; '' where there are none to tell of. */
    readonly accepted: string;
    /** Where "back" goes. */
    readonly home: string;
  };
  /** Choose a method to set up. */
  readonly add: { readonly methods: readonly EnrollableMethod[] };
  /** Enter the address or number of a new method. */
  readonly contact: { readonly method: DeliveredMethod; readonly value: string };
  /** The QR code, the key, and the field for the first code. */
  readonly totp: {
    readonly secret: string;
    readonly uri: string;
    readonly qrCode: string;
    readonly digits: number;
    /** Seconds until a code is looked at again, after too many wrong ones. */
    readonly wait?: number;
  };
  /** Make or use a passkey. The script asks the router's JSON API for what the browser is to do. */
  readonly passkey: {
    /** What it is asked for; `enrollment` makes one. */
    readonly purpose: CodePurpose;
    /** Whether there is another method to choose. */
    readonly others: boolean;
    /** Seconds until an answer is looked at again, after too many wrong ones. */
    readonly wait?: number;
  };
  /** Backup codes, shown this once; `next` is where the user goes on to. */
  readonly backupCodes: { readonly codes: readonly string[]; readonly next: string };
  /** Asks whether a method shall go; `last`: whether two-step login is off without it. */
  readonly remove: { readonly authenticator: Authenticator; readonly last: boolean };
  /** Something that the user can only take note of. */
  readonly message: { readonly title: string; readonly text: string; readonly link: string; readonly href: string };
}

/** The name of a page. */
export type PageName = keyof PageData;
/** What the render function of a page is given. */
export type PageView<N extends PageName> = PageFrame & PageData[N];

/** Renders a page as a whole HTML document. `render` is what the router itself would send. */
export type RenderPage<N extends PageName> = (
  view: PageView<N>,
  render: (view: PageView<N>) => string,
) => string | Promise<string>;

/** Pages of the app's own in place of the router's. */
export type PageRenderers = { readonly [N in PageName]?: RenderPage<N> };

export const pageNames: readonly PageName[] = [
  'code',
  'choose',
  'password',
  'manage',
  'add',
  'contact',
  'totp',
  'passkey',
  'backupCodes',
  'remove',
  'message',
];
