// The editor makes style sheets while it runs. The page's policy counts those that bear its number, and no others.
const nonce = document.querySelector('meta[property=csp-nonce]').nonce;
const create = document.createElement;
document.createElement = function createElement(...given) {
  const element = create.apply(this, given);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};
