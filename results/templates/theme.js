(function () {
  var asked = /[?&]theme=(light|dark)/.exec(location.search);
  if (asked) document.documentElement.dataset.theme = asked[1];
})();
