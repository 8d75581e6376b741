/**
 * Makes the pages better where there is JavaScript. Nothing here is needed: every page is a form that works without.
 */
export const scriptText = `'use strict';
(function () {
  var each = function (selector, use) { Array.prototype.forEach.call(document.querySelectorAll(selector), use); };

  // One answer a form: a code is good once, so the second of two quick submissions would fail.
  each('form', function (form) {
    form.addEventListener('submit', function (event) {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = 'yes';
    });
  });
  window.addEventListener('pageshow', function (event) {
    if (event.persisted) each('form', function (form) { delete form.dataset.sent; });
  });

  // Sends the form once the code is complete, and says so beforehand.
  each('input[data-digits]', function (input) {
    var hint = document.getElementById('code-hint');
    if (hint && hint.dataset.auto) hint.textContent = hint.dataset.auto;
    input.addEventListener('input', function () {
      var code = input.value.replace(/[ -]/g, '');
      if (code.length === Number(input.dataset.digits) && /^[0-9]+$/.test(code)) input.form.requestSubmit();
    });
  });

  // The wait for another code, or for another try.
  var inWords = function (seconds) {
    var minutes = seconds >= 120;
    var format = { style: 'unit', unit: minutes ? 'minute' : 'second', unitDisplay: 'long' };
    var count = minutes ? Math.ceil(seconds / 60) : seconds;
    return new Intl.NumberFormat(document.documentElement.lang, format).format(count);
  };
  each('[data-resend-after]', function (form) {
    var button = form.querySelector('button, a');
    var text = form.querySelector('[data-wait]');
    var end = Date.now() + Number(form.dataset.resendAfter) * 1000;
    var tick = function () {
      var left = Math.ceil((end - Date.now()) / 1000);
      if (button.tagName === 'A') button.hidden = left > 0;
      else button.disabled = left > 0;
      text.hidden = left <= 0;
      text.textContent = text.dataset.wait.replace('{time}', inWords(left));
      if (left > 0) setTimeout(tick, 1000);
    };
    tick();
  });

  each('[data-print]', function (button) {
    button.hidden = false;
    button.addEventListener('click', function () { window.print(); });
  });
  if (navigator.clipboard) each('[data-copy]', function (button) {
    button.hidden = false;
    button.addEventListener('click', function () {
      navigator.clipboard.writeText(button.dataset.copy).then(function () {
        button.textContent = button.dataset.copied;
      });
    });
  });
})();
`;
