/** The look of what is shown once: steps, the QR code, the key, backup codes. */
export const styleOfEnrollment = `.tf-steps { margin: 0; padding: 0; list-style: none; counter-reset: step; }
.tf-steps > li { position: relative; margin-bottom: 1.5rem; padding-inline-start: 2.4rem; counter-increment: step; }
.tf-steps > li > p { margin-bottom: 0.5rem; }
.tf-steps > li::before {
  content: counter(step);
  position: absolute;
  inset-inline-start: 0;
  top: -0.1rem;
  width: 1.7rem;
  height: 1.7rem;
  background: var(--tf-soft);
  color: var(--tf-accent);
  border-radius: 50%;
  font-weight: 700;
  line-height: 1.7rem;
  text-align: center;
}
/* A QR code is dark on light, also where the page is not. */
.tf-qr {
  display: block;
  width: 13.75rem;
  max-width: 100%;
  height: auto;
  margin: 0 0 0.6rem;
  padding: 0;
  background: #ffffff;
  border: 1px solid var(--tf-line);
  border-radius: var(--tf-radius);
}
.tf-key { font-family: var(--tf-mono); font-size: 1.05rem; }
.tf-key span { display: inline-block; }

.tf-codes {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr));
  gap: 0.5rem;
  padding: 0.9rem;
  background: var(--tf-soft);
  border-radius: var(--tf-radius);
}
.tf-codes code { font-family: var(--tf-mono); font-size: 1.05rem; white-space: nowrap; }
.tf-check { display: flex; gap: 0.6rem; align-items: flex-start; margin: 1.25rem 0 1rem; font-weight: 400; }
.tf-check input { flex: none; width: 1.2rem; height: 1.2rem; margin: 0.15rem 0 0; accent-color: var(--tf-accent); }
`;
