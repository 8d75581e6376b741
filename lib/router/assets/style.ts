import { styleOfEnrollment } from './style-enrollment.js';
import { styleVariables } from './style-variables.js';

/** The pages' look. An app's own stylesheet comes after it and may set any of the variables, for one scheme or both. */
export const styleText = `${styleVariables}
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }

body {
  margin: 0;
  padding: clamp(0.75rem, 4vw, 3rem) 0.75rem;
  background: var(--tf-ground);
  color: var(--tf-text);
  font: 1rem/1.5 var(--tf-font);
  -webkit-text-size-adjust: 100%;
}

.tf {
  max-width: 29rem;
  margin: 0 auto;
  padding: clamp(1.1rem, 5vw, 2rem);
  background: var(--tf-card);
  border: 1px solid var(--tf-line);
  border-radius: calc(var(--tf-radius) * 2);
  overflow-wrap: break-word;
}

.tf-site { margin: 0 0 0.25rem; color: var(--tf-quiet); font-size: 0.9rem; font-weight: 600; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.1rem; }
p { margin: 0 0 1rem; }
form { margin: 0; }
a { color: var(--tf-accent); }
a:hover { color: var(--tf-accent-hover); }
:focus-visible { outline: 3px solid var(--tf-accent); outline-offset: 2px; }

label { display: block; margin: 0 0 0.3rem; font-weight: 600; }
input:not([type="checkbox"], [type="hidden"]) {
  display: block;
  width: 100%;
  min-height: 2.9rem;
  padding: 0.5rem 0.75rem;
  background: var(--tf-card);
  color: inherit;
  border: 1px solid var(--tf-field);
  border-radius: var(--tf-radius);
  font: inherit;
  margin-bottom: 1rem;
}
input[aria-invalid="true"] { border-color: var(--tf-bad); border-width: 2px; }
input[aria-describedby]:not([aria-describedby="error"]) { margin-bottom: 0.5rem; }
.tf .tf-code { font-family: var(--tf-mono); font-size: 1.35rem; letter-spacing: 0.12em; }
.tf-hint { padding-top: 0.2rem; color: var(--tf-quiet); font-size: 0.9rem; }

.tf-button {
  display: inline-block;
  min-height: 2.9rem;
  padding: 0.6rem 1.25rem;
  background: var(--tf-accent);
  color: var(--tf-on-accent);
  border: 1px solid var(--tf-accent);
  border-radius: var(--tf-radius);
  font: inherit;
  font-weight: 600;
  line-height: 1.5;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
}
.tf-button:hover {
  background: var(--tf-accent-hover);
  border-color: var(--tf-accent-hover);
  color: var(--tf-on-accent);
}
.tf-plain, .tf-plain:hover { background: transparent; color: var(--tf-accent); border-color: var(--tf-field); }
.tf-plain:hover { border-color: var(--tf-accent); color: var(--tf-accent-hover); }
.tf-button.tf-danger, .tf-button.tf-danger:hover {
  background: var(--tf-bad);
  border-color: var(--tf-bad);
  color: var(--tf-card);
}
.tf-button:disabled { color: var(--tf-quiet); border-color: var(--tf-line); cursor: default; }
form:not(.tf-actions) > .tf-button:not(.tf-plain) { width: 100%; }

.tf-small {
  display: inline-block;
  padding: 0.3rem 0;
  background: none;
  border: 0;
  color: var(--tf-accent);
  font: inherit;
  font-size: 0.95rem;
  text-decoration: underline;
  cursor: pointer;
}
.tf-small.tf-danger { color: var(--tf-bad); }

.tf-actions { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: center; margin: 1rem 0; }
.tf-links {
  display: flex;
  flex-wrap: wrap;
  gap: 0.5rem 1.5rem;
  margin: 1.5rem 0 0;
  padding-top: 1rem;
  border-top: 1px solid var(--tf-line);
}
.tf-resend { display: flex; flex-wrap: wrap; gap: 0.4rem 0.9rem; align-items: center; margin-top: 1rem; }
.tf-resend .tf-hint { margin: 0; }

.tf-notice, .tf-error, .tf-warning {
  padding: 0.7rem 0.9rem;
  border-inline-start: 0.25rem solid;
  border-radius: var(--tf-radius);
}
.tf-notice { background: var(--tf-good-soft); border-color: var(--tf-good); }
.tf-error { background: var(--tf-bad-soft); border-color: var(--tf-bad); color: var(--tf-bad); font-weight: 600; }
.tf-warning { background: var(--tf-warn-soft); border-color: var(--tf-warn); }

.tf-choices, .tf-list, .tf-codes { list-style: none; margin: 0 0 1rem; padding: 0; }
.tf-choices li + li { margin-top: 0.6rem; }
.tf-choice {
  display: block;
  width: 100%;
  padding: 0.8rem 1rem;
  background: var(--tf-card);
  color: inherit;
  border: 1px solid var(--tf-field);
  border-radius: var(--tf-radius);
  font: inherit;
  text-align: start;
  text-decoration: none;
  cursor: pointer;
}
.tf-choice:hover { color: inherit; border-color: var(--tf-accent); background: var(--tf-soft); }
.tf-choice > span { display: block; color: var(--tf-quiet); font-size: 0.95rem; }
.tf-spent, .tf-spent:hover { color: var(--tf-quiet); border-color: var(--tf-line); background: none; cursor: default; }
.tf-badge {
  display: inline-block;
  padding: 0.1rem 0.5rem;
  background: var(--tf-good-soft);
  color: var(--tf-good);
  border-radius: 1rem;
  font-size: 0.8rem;
  font-style: normal;
  font-weight: 600;
  white-space: nowrap;
}

.tf-list { border-top: 1px solid var(--tf-line); }
.tf-list li { padding: 0.8rem 0; border-bottom: 1px solid var(--tf-line); }
.tf-method span { display: block; color: var(--tf-quiet); font-size: 0.9rem; }
.tf-row { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: flex-start; }
.tf-row details[open] { flex-basis: 100%; }
.tf-row summary { list-style: none; }
.tf-row summary::-webkit-details-marker { display: none; }
.tf-row form { padding: 0.5rem 0; }
.tf-row input:not([type="hidden"]) { margin-bottom: 0.6rem; }

${styleOfEnrollment}
/* Codes, keys and addresses are written from left to right in every language. */
.tf-code, .tf-key, .tf-codes code, input[type="email"], input[type="tel"] { direction: ltr; unicode-bidi: isolate; }

@media print {
  body { padding: 0; background: none; }
  .tf { border: 0; }
  .tf-noprint { display: none; }
}
`;
