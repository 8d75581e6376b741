export interface paths {
    "/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is asking, what is enrolled, and the CSRF token */
        get: operations["getStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finish the pending login by a code of any method */
        post: operations["postVerify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/challenge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a code, or another one, for the pending login or for a step-up; or what the browser uses a passkey by */
        post: operations["postChallenge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/step-up": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Confirm again that it is you: by a code, or without a second factor by the password */
        post: operations["postStepUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/enroll/totp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin to set up an authenticator app */
        post: operations["postEnrollTotp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/enroll/email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a code to an address that is to be set up */
        post: operations["postEnrollEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/enroll/sms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a code to a number that is to be set up */
        post: operations["postEnrollSms"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finish a set-up by the code that it showed or sent */
        post: operations["postConfirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Name an authenticator */
        post: operations["postRename"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Remove an authenticator */
        post: operations["postRemove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/backup-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many backup codes are left */
        get: operations["getBackupCodes"];
        put?: never;
        /** Make new backup codes; the old ones are dead at once */
        post: operations["postBackupCodes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/enroll/passkey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin to set up a passkey: what the browser makes it of */
        post: operations["postEnrollPasskey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/passkeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The passkeys that count, for the browser to forget others */
        get: operations["getPasskeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/passkey/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin a login by a passkey alone */
        post: operations["postPasskeyOptions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/passkey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Log in by a passkey alone */
        post: operations["postPasskey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Error: {
            error: {
                code: string;
                message: string;
                /** @description Seconds. */
                retryAfter?: number;
            };
        };
        /** @description What the login can be finished by; contacts are masked. */
        Methods: {
            /** @constant */
            totp?: true;
            email?: string;
            sms?: string;
            /** @constant */
            passkey?: true;
            /** @constant */
            backupCode?: true;
        };
        Authenticator: {
            id: string;
            /** @enum {string} */
            method: "totp" | "email" | "sms" | "passkey";
            label: string;
            maskedContact?: string;
            /** @description Of a passkey: whether it may be synced over several devices. */
            synced?: boolean;
            /** @description Epoch milliseconds. */
            createdAt: number;
            /** @description Epoch milliseconds, 0 before the first use. */
            lastUsedAt: number;
        };
        Status: {
            /** @constant */
            state: "anonymous";
        } | {
            /** @constant */
            state: "pending";
            methods: components["schemas"]["Methods"];
            /** @description Epoch milliseconds. */
            expiresAt: number;
            /** @description To be sent as `x-csrf-token` with every POST of this session. */
            csrfToken: string;
        } | {
            /** @constant */
            state: "authenticated";
            authenticators: components["schemas"]["Authenticator"][];
            /** @description How many are left. */
            backupCodes: number;
            /** @description Whether factors may be changed now; false asks for a step-up first. */
            recent: boolean;
            enrollable: ("totp" | "email" | "sms" | "passkey")[];
            /** @description To be sent as `x-csrf-token` with every POST of this session. */
            csrfToken?: string;
        };
        Enrollable: {
            /** @description Tells several apps apart. */
            label?: string;
        };
        TotpSetup: {
            secret: string;
            uri: string;
            qrCode: string;
        };
        EmailInput: {
            /** @description Default: the address of the account. */
            address?: string;
        };
        SmsInput: {
            /** @description With the country code. */
            phone: string;
        };
        ContactSetup: {
            maskedContact: string;
        };
        Confirmation: {
            /** @enum {string} */
            method: "totp" | "email" | "sms" | "passkey";
            /** @description Spaces and dashes do not matter. */
            code?: string;
            /** @description What the browser answered to the options, as JSON. */
            response?: Record<string, never>;
        };
        PasskeyInput: {
            /** @description Default: the name of the authenticator. */
            label?: string;
        };
        PasskeyOptions: {
            /** @description For the browser: WebAuthn L3 §5.1.8 and §5.1.9. */
            options: Record<string, never>;
            /** @description Of a halted login or a step-up, as the client was given it, and sends it back with every call for it. */
            challengeToken?: string;
        };
        PasskeyAnswer: {
            /** @description What the browser answered to the options, as JSON. */
            response: Record<string, never>;
            /** @description A path on this site. */
            returnTo?: string;
            /** @description Of a halted login or a step-up, as the client was given it, and sends it back with every call for it. */
            challengeToken?: string;
        };
        AcceptedPasskeys: {
            rpId: string;
            userId: string;
            allAcceptedCredentialIds: string[];
        };
        Confirmed: {
            /** @description Fresh backup codes; empty for a user who has a set. */
            backupCodes: string[];
            /** @description To be sent as `x-csrf-token` with every POST of this session. */
            csrfToken?: string;
            /** @description What the app issues in place of the token of this request; only where it says more. */
            tokens?: unknown;
        };
        ChallengeInput: {
            /** @enum {string} */
            method: "email" | "sms" | "passkey";
            /** @description Of a halted login or a step-up, as the client was given it, and sends it back with every call for it. */
            challengeToken?: string;
        };
        ChallengeSent: {
            maskedContact: string;
            /** @description Epoch milliseconds. */
            expiresAt: number;
            /** @description Seconds until another one may be asked for; null where there will be none. */
            resendAfter: number | null;
            /** @description Of a halted login or a step-up, as the client was given it, and sends it back with every call for it. */
            challengeToken?: string;
        };
        Verification: {
            /** @description Spaces and dashes do not matter. */
            code?: string;
            /** @description What the browser answered to the options, as JSON. */
            response?: Record<string, never>;
            /** @enum {string} */
            method?: "totp" | "email" | "sms" | "passkey" | "backup_code";
            /** @description A path on this site. */
            returnTo?: string;
            /** @description Of a halted login or a step-up, as the client was given it, and sends it back with every call for it. */
            challengeToken?: string;
        };
        Verified: {
            /** @description A path on this site. */
            returnTo: string;
            /** @description To be sent as `x-csrf-token` with every POST of this session. */
            csrfToken?: string;
            /** @description What the app issues in place of the token of this request; only where it says more. */
            tokens?: unknown;
        };
        Renaming: {
            id: string;
            label: string;
        };
        Removal: {
            id: string;
        };
        Success: {
            /** @constant */
            success: true;
            /** @description What the app issues in place of the token of this request; only where it says more. */
            tokens?: unknown;
        };
        Remaining: {
            remaining: number;
        };
        BackupCodes: {
            /** @description Shown this once; each is good once. */
            backupCodes: string[];
            /** @description What the app issues in place of the token of this request; only where it says more. */
            tokens?: unknown;
        };
        PasskeyLogin: {
            /**
             * @description For a client that wants tokens where the browser has a session, too.
             * @constant
             */
            session?: false;
        };
        Reauthentication: {
            password: string;
            /** @description A path on this site. */
            returnTo?: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
        };
    };
    postVerify: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Verification"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verified"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description CHALLENGE_EXPIRED, INVALID_CODE, INVALID_BACKUP_CODE, NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "CHALLENGE_EXPIRED" | "INVALID_CODE" | "INVALID_BACKUP_CODE" | "NOT_LOGGED_IN";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN";
                        };
                    };
                };
            };
            /** @description NOT_SETUP */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_SETUP";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description TOO_MANY_ATTEMPTS */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "TOO_MANY_ATTEMPTS";
                        };
                    };
                };
            };
        };
    };
    postChallenge: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChallengeInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChallengeSent"] | components["schemas"]["PasskeyOptions"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description NOT_LOGGED_IN, CHALLENGE_EXPIRED */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN" | "CHALLENGE_EXPIRED";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN";
                        };
                    };
                };
            };
            /** @description NOT_SETUP */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_SETUP";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description TOO_MANY_ATTEMPTS */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "TOO_MANY_ATTEMPTS";
                        };
                    };
                };
            };
            /** @description DELIVERY_FAILED */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "DELIVERY_FAILED";
                        };
                    };
                };
            };
        };
    };
    postStepUp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Verification"] | components["schemas"]["Reauthentication"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verified"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description NOT_LOGGED_IN, INVALID_CODE, INVALID_BACKUP_CODE, INVALID_CREDENTIALS */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN" | "INVALID_CODE" | "INVALID_BACKUP_CODE" | "INVALID_CREDENTIALS";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN, STEP_UP_REQUIRED */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN" | "STEP_UP_REQUIRED";
                        };
                    };
                };
            };
            /** @description NOT_SETUP */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_SETUP";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description TOO_MANY_ATTEMPTS */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "TOO_MANY_ATTEMPTS";
                        };
                    };
                };
            };
        };
    };
    postEnrollTotp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Enrollable"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TotpSetup"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN, STEP_UP_REQUIRED */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN" | "STEP_UP_REQUIRED";
                        };
                    };
                };
            };
            /** @description ALREADY_ENABLED */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "ALREADY_ENABLED";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
        };
    };
    postEnrollEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContactSetup"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN, STEP_UP_REQUIRED */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN" | "STEP_UP_REQUIRED";
                        };
                    };
                };
            };
            /** @description ALREADY_ENABLED */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "ALREADY_ENABLED";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description TOO_MANY_ATTEMPTS */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "TOO_MANY_ATTEMPTS";
                        };
                    };
                };
            };
            /** @description DELIVERY_FAILED */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "DELIVERY_FAILED";
                        };
                    };
                };
            };
        };
    };
    postEnrollSms: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SmsInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContactSetup"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN, STEP_UP_REQUIRED */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN" | "STEP_UP_REQUIRED";
                        };
                    };
                };
            };
            /** @description ALREADY_ENABLED */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "ALREADY_ENABLED";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description TOO_MANY_ATTEMPTS */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "TOO_MANY_ATTEMPTS";
                        };
                    };
                };
            };
            /** @description DELIVERY_FAILED */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "DELIVERY_FAILED";
                        };
                    };
                };
            };
        };
    };
    postConfirm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Confirmation"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Confirmed"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description NOT_LOGGED_IN, INVALID_CODE */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN" | "INVALID_CODE";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN";
                        };
                    };
                };
            };
            /** @description NOT_SETUP */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_SETUP";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description TOO_MANY_ATTEMPTS */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "TOO_MANY_ATTEMPTS";
                        };
                    };
                };
            };
        };
    };
    postRename: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Renaming"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN";
                        };
                    };
                };
            };
            /** @description NOT_SETUP */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_SETUP";
                        };
                    };
                };
            };
            /** @description ALREADY_ENABLED */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "ALREADY_ENABLED";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
        };
    };
    postRemove: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Removal"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN, STEP_UP_REQUIRED */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN" | "STEP_UP_REQUIRED";
                        };
                    };
                };
            };
            /** @description NOT_SETUP */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_SETUP";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
        };
    };
    getBackupCodes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Remaining"];
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
        };
    };
    postBackupCodes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupCodes"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN, STEP_UP_REQUIRED */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN" | "STEP_UP_REQUIRED";
                        };
                    };
                };
            };
            /** @description NOT_SETUP */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_SETUP";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
        };
    };
    postEnrollPasskey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasskeyInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasskeyOptions"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
            /** @description INVALID_CSRF_TOKEN, STEP_UP_REQUIRED */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_CSRF_TOKEN" | "STEP_UP_REQUIRED";
                        };
                    };
                };
            };
            /** @description NOT_SETUP */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_SETUP";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
        };
    };
    getPasskeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedPasskeys"];
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
        };
    };
    postPasskeyOptions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasskeyLogin"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasskeyOptions"];
                };
            };
            /** @description NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "NOT_LOGGED_IN";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
        };
    };
    postPasskey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasskeyAnswer"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verified"];
                };
            };
            /** @description INVALID_INPUT */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description CHALLENGE_EXPIRED, INVALID_CODE, NOT_LOGGED_IN */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "CHALLENGE_EXPIRED" | "INVALID_CODE" | "NOT_LOGGED_IN";
                        };
                    };
                };
            };
            /** @description INVALID_INPUT */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "INVALID_INPUT";
                        };
                    };
                };
            };
            /** @description TOO_MANY_ATTEMPTS */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        error?: {
                            /** @enum {unknown} */
                            code?: "TOO_MANY_ATTEMPTS";
                        };
                    };
                };
            };
        };
    };
}
