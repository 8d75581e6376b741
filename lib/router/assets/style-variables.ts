/** What an app may set to give the pages its own look, for a light scheme and a dark one. */
export const styleVariables = `:root {
  color-scheme: light dark;
  --tf-font: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  --tf-mono: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  --tf-radius: 0.5rem;
  --tf-ground: #f3f5f8;
  --tf-card: #ffffff;
  --tf-text: #1b2130;
  --tf-quiet: #566074;
  --tf-line: #d4d9e2;
  --tf-field: #7b8496;
  --tf-accent: #1d5bb8;
  --tf-accent-hover: #174a97;
  --tf-on-accent: #ffffff;
  --tf-soft: #edf3fc;
  --tf-good: #1b6e3c;
  --tf-good-soft: #e8f5ec;
  --tf-bad: #b3261e;
  --tf-bad-soft: #fdeceb;
  --tf-warn: #7a4d00;
  --tf-warn-soft: #fff4dc;
}

@media (prefers-color-scheme: dark) {
  :root {
    --tf-ground: #12161d;
    --tf-card: #1b212b;
    --tf-text: #e7eaf0;
    --tf-quiet: #a6afc0;
    --tf-line: #353e4e;
    --tf-field: #7f8a9e;
    --tf-accent: #8db6f7;
    --tf-accent-hover: #b3cefa;
    --tf-on-accent: #0d1420;
    --tf-soft: #222c3c;
    --tf-good: #7fd39b;
    --tf-good-soft: #16301f;
    --tf-bad: #ff9d94;
    --tf-bad-soft: #3a1c1b;
    --tf-warn: #f0c36a;
    --tf-warn-soft: #33280f;
  }
}
`;
