const isText = (node) => node.isStringLiteral() || node.isTemplateLiteral();

/** The argument that a text is, alone or joined to others by `+`. */
function argumentOf(path) {
  let whole = path;
  while (whole.parentPath?.isBinaryExpression({ operator: '+' })) whole = whole.parentPath;
  return whole.listKey === 'arguments' && whole.parentPath?.isNewExpression() ? whole : undefined;
}

/** Leaves out the wording of an error, `new TypeError('…')`. Which error it is, and which input it names, stays mutated. */
const texts = {
  shouldIgnore(path) {
    const argument = isText(path) ? argumentOf(path) : undefined;
    if (!argument) return undefined;
    const thrown = argument.parent.callee.name ?? '';
    const wording = thrown === 'InvalidInputError' ? argument.key === 1 : thrown.endsWith('Error');
    return wording ? 'The wording of an error.' : undefined;
  },
};

export const strykerPlugins = [{ kind: 'Ignore', name: 'texts', value: texts }];
