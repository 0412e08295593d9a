// Tells the portal that the installation is finished. Speaks the frame's own protocol (command:json:callback:sid),
// so that no foreign script has to be loaded. The portal then reloads the application; there is no answer.
'use strict';
(function () {
  var boot = JSON.parse(document.getElementById('boot').textContent);
  var parts = String(window.name || '').split('|');
  var sid = parts.length > 2 && parts[2] ? parts[2] : boot.app_sid;
  if (!sid || window.parent === window) {
    return;
  }
  window.parent.postMessage('setInstallFinish:{}:courier24:' + sid, boot.origin);
})();
