import QRCode from 'qrcode';
import { InvalidInputError, StepUpRequiredError, TwoFactorNotSetupError, TwoFactorError, TooManyAttemptsError, type RequestAuth, type TotpSetup } from 'passport-two-factor';
import { takeReturnTo } from '../../finish-login.js';
import { checkLoggedIn, deliveredMethods, type DeliveredMethod } from '../../request.js';
import { withReturnTo } from '../layout.js';
import { refusal, sendToLogin, type PageBook, type Visit } from './page-routes.js';
