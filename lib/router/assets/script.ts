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

  // Passkeys: what the browser is to do is asked for when the button is pressed; its answer goes with the form.
  var webauthn = window.SimpleWebAuthnBrowser;
  var ask = function (url, token, body) {
    var headers = { 'content-type': 'application/json', 'x-csrf-token': token || '' };
    return fetch(url, { method: 'POST', headers: headers, body: JSON.stringify(body) }).then(function (answer) {
      return answer.json().then(function (json) {
        if (!answer.ok) throw new Error(json.error && json.error.code);
        return json;
      });
    });
  };
  if (webauthn && webauthn.browserSupportsWebAuthn()) each('form[data-passkey]', function (form) {
    var create = form.dataset.passkey === 'create';
    var button = form.querySelector('button');
    var failed = form.querySelector('[data-failed]');
    form.querySelector('[data-unsupported]').hidden = true;
    button.hidden = false;
    button.addEventListener('click', function () {
      button.disabled = true;
      failed.hidden = true;
      var body = create ? { label: form.elements.label.value } : { method: 'passkey' };
      body[form.dataset.field] = form.dataset.token;
      ask(form.dataset.options, form.dataset.token, body).then(function (json) {
        var start = create ? webauthn.startRegistration : webauthn.startAuthentication;
        return start({ optionsJSON: json.options });
      }).then(function (response) {
        form.elements.response.value = JSON.stringify(response);
        form.requestSubmit();
      }).catch(function () {
        button.disabled = false;
        failed.hidden = false;
      });
    });
  });

  // The app's own login page: <input autocomplete="username webauthn" data-passkey-login="/2fa">, and a button.
  var logIn = function (base, autofill) {
    return ask(base + '/api/passkey/options', '', {}).then(function (json) {
      return webauthn.startAuthentication({ optionsJSON: json.options, useBrowserAutofill: autofill });
    }).then(function (response) {
      return ask(base + '/api/passkey', '', { response: response });
    }).then(function (json) { window.location.assign(json.returnTo); });
  };
  if (webauthn && webauthn.browserSupportsWebAuthn()) each('[data-passkey-login]', function (element) {
    var base = element.dataset.passkeyLogin;
    if (element.tagName !== 'INPUT') {
      element.hidden = false;
      element.addEventListener('click', function () {
        logIn(base, false).catch(function () {
          each('[data-passkey-failed]', function (words) { words.hidden = false; });
        });
      });
      return;
    }
    webauthn.browserSupportsWebAuthnAutofill().then(function (supported) {
      if (supported) logIn(base, true).catch(function () {});
    });
  });

  // Passkeys that were removed here are forgotten by the device, where the browser can tell it to.
  each('[data-accepted]', function (element) {
    var signal = window.PublicKeyCredential && window.PublicKeyCredential.signalAllAcceptedCredentials;
    if (signal) signal.call(window.PublicKeyCredential, JSON.parse(element.dataset.accepted)).catch(function () {});
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
