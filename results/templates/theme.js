(function () {
  document.documentElement.dataset.script = "on";
  var asked = /[?&]theme=(light|dark)/.exec(location.search);
  if (asked) document.documentElement.dataset.theme = asked[1];
})();
