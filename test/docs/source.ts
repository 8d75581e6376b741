import ts from 'typescript';
import { deliveredMethods, enrollableMethods, everyMethod, keyOf, type MethodName } from '../../lib/core/methods.js';
import { read } from './markdown.js';

const parse = (file: string): ts.SourceFile => ts.createSourceFile(file, read(file), ts.ScriptTarget.ES2022, true);

const isInternal = (node: ts.Node): boolean => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal');

const isHidden = (node: ts.Node): boolean =>
  isInternal(node) ||
  (ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(
      ({ kind }) => kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword,
    ));

export interface Member {
  readonly name: string;
  readonly optional: boolean;
}

function declarationOf(file: string, name: string): ts.Statement {
  const found = parse(file).statements.find(
    (statement) =>
      (ts.isInterfaceDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement)) &&
      statement.name?.text === name,
  );
  if (!found) throw new Error(`${file} does not declare ${name}`);
  return found;
}

const lists: Record<string, readonly MethodName[]> = { everyMethod, enrollableMethods, deliveredMethods };

/** The keys of an object that is written out, or made for the methods of a list; undefined for another expression. */
function keysOf(expression: ts.Expression): string[] | undefined {
  if (ts.isCallExpression(expression) && expression.expression.getText() === 'byMethod')
    return lists[expression.arguments[0]!.getText()]!.map(keyOf);
  if (!ts.isObjectLiteralExpression(expression)) return undefined;
  return expression.properties.flatMap((property) =>
    ts.isSpreadAssignment(property) ? keysOf(property.expression)! : [property.name.getText()],
  );
}

/** The public members of an interface or a class; the functions of an object (`setup.totp`) one by one. */
export function membersOf(file: string, name: string): Member[] {
  const declaration = declarationOf(file, name);
  if (!ts.isInterfaceDeclaration(declaration) && !ts.isClassDeclaration(declaration))
    throw new Error(`${name} has no members`);
  return declaration.members.flatMap((member: ts.ClassElement | ts.TypeElement): Member[] => {
    if (!member.name || isHidden(member)) return [];
    const text = member.name.getText();
    const keys = ts.isPropertyDeclaration(member) && member.initializer ? keysOf(member.initializer) : undefined;
    const inner = keys ? keys.map((key) => `${text}.${key}`) : [text];
    return inner.map((path) => ({
      name: path,
      optional: 'questionToken' in member && member.questionToken !== undefined,
    }));
  });
}

/** The members of a type that is put together of others: those of all of its parts, optional where one part does not need them. */
export function membersOfType(file: string, name: string): Member[] {
  const collect = (type: ts.TypeNode): Member[] => {
    if (ts.isIntersectionTypeNode(type) || ts.isUnionTypeNode(type)) return type.types.flatMap(collect);
    if (ts.isTypeLiteralNode(type)) {
      return type.members.map((member) => ({
        name: member.name!.getText(),
        optional: (member as ts.PropertySignature).questionToken !== undefined,
      }));
    }
    if (ts.isTypeReferenceNode(type)) return membersOfType(file, type.typeName.getText());
    throw new Error(`${name} is made of more than is read here`);
  };
  const declaration = declarationOf(file, name);
  if (!ts.isTypeAliasDeclaration(declaration)) throw new Error(`${name} is no type alias`);
  const found = collect(declaration.type);
  return [...new Set(found.map((member) => member.name))].map((one) => ({
    name: one,
    optional: found.some((member) => member.name === one && member.optional),
  }));
}

/** The members of an interface, with the names in those whose type is written out. */
export function literalMembersOf(file: string, name: string): { name: string; members: string[] }[] {
  const declaration = declarationOf(file, name);
  if (!ts.isInterfaceDeclaration(declaration)) throw new Error(`${name} is no interface`);
  return declaration.members.filter(ts.isPropertySignature).map((member) => ({
    name: member.name.getText(),
    members:
      member.type && ts.isTypeLiteralNode(member.type) ? member.type.members.map((inner) => inner.name!.getText()) : [],
  }));
}

/** The texts of a union of string literals. */
export function namesOf(file: string, name: string): string[] {
  const declaration = declarationOf(file, name);
  if (!ts.isTypeAliasDeclaration(declaration) || !ts.isUnionTypeNode(declaration.type))
    throw new Error(`${name} is no union`);
  return declaration.type.types.map((type) => type.getText().replaceAll("'", ''));
}

/** The names that a module exports, values and types apart: those that it names, and those that it declares. */
export function exportsOf(file: string): { values: string[]; types: string[] } {
  const { statements } = parse(file);
  const named = statements.filter(ts.isExportDeclaration).flatMap((statement) => {
    if (!statement.exportClause || !ts.isNamedExports(statement.exportClause))
      throw new Error(`${file} exports more than it names`);
    return statement.exportClause.elements.map(({ name, isTypeOnly }) => ({
      name: name.text,
      type: statement.isTypeOnly || isTypeOnly,
    }));
  });
  const declared = statements.flatMap((statement) => {
    const type = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
    if (!type && !ts.isFunctionDeclaration(statement) && !ts.isClassDeclaration(statement)) return [];
    const exported = ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    return exported ? [{ name: statement.name!.text, type }] : [];
  });
  const pick = (type: boolean): string[] =>
    [...named, ...declared]
      .filter((one) => one.type === type)
      .map(({ name }) => name)
      .sort();
  return { values: pick(false), types: pick(true) };
}
