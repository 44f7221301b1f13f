import { type Document, isAlias, isMap, isNode, isScalar, LineCounter, parse, parseDocument, stringify, visit } from 'yaml'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** No aliases: a few lines of them grow into gigabytes. Throws on anything that is not YAML. */
export const parseYaml = (text: string): unknown => parse(text, { maxAliasCount: 0 }) as unknown

export const writeYaml = (value: unknown): string => stringify(value, { aliasDuplicateObjects: false, lineWidth: 0, version: '1.2' })

/** A document and where in it each thing stands. */
export interface LinedYaml {
  readonly value: unknown
  /** From 1. Of the nearest thing around it, where it stands nowhere itself. */
  readonly lineOf: (path: readonly (string | number)[]) => number
}

/** Deeper than any rack file, and shallow enough for a reader that calls itself. */
const maxDepth = 32

/**
 * YAML that a person may have written, or a stranger: plain values only. Anchors, aliases, tags, merge keys, double keys and second documents are
 * refused, in words and with their line.
 */
export function readLinedYaml(text: string): LinedYaml {
  refuseDepth(text)
  const lines = new LineCounter()
  const document = parseDocument(text, { version: '1.2', merge: false, uniqueKeys: true, lineCounter: lines, prettyErrors: false, schema: 'core' })
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line)
  const [wrong] = [...document.errors, ...document.warnings]
  if (wrong) throw refused(lineAt(wrong.pos[0]), sentenceOf(wrong.message))
  refuseCleverness(document, lineAt)
  return { value: document.toJS({ maxAliasCount: 0 }), lineOf: (path) => lineOfPath(document, path, lineAt) }
}

const refused = (line: number, why: string): WorkbenchError => new WorkbenchError('input/malformed', `Line ${line}: ${why}`, { context: { line }, hint: 'Nothing was read from this file' })

/** What the parser says in words of programmers, and how people say it. */
const inPlainWords: readonly (readonly [RegExp, string])[] = [
  [/unique/, 'the same key stands there twice'], [/call stack/, 'this is nested too deep'], [/multiple documents/, 'a second document begins after "---"; one file holds one'],
  [/Unresolved tag/, 'tags are not taken'], [/directives-end/, 'this is no YAML: nothing may begin with "%"'],
]
const sentenceOf = (message: string): string => inPlainWords.find(([sign]) => sign.test(message))?.[1] ?? `this is no YAML: ${message.split('\n')[0]?.slice(0, 160) ?? ''}`

/** Before the parser: it calls itself for each level. */
function refuseDepth(text: string): void {
  let depth = 0
  let line = 1
  for (const letter of text) {
    if (letter === '\n') line += 1
    if (letter === '[' || letter === '{') depth += 1
    if (letter === ']' || letter === '}') depth = Math.max(0, depth - 1)
    // Brackets in notes count as well: so many that stay open are in no note.
    if (depth > 1_000) throw refused(line, 'brackets are nested too deep')
  }
  const indented = /^( {200}|[ ]*(- ){32})/m.exec(text)
  if (indented) throw refused(text.slice(0, indented.index).split('\n').length, 'this is indented too deep')
}

function refuseCleverness(document: Document.Parsed, lineAt: (offset: number) => number): void {
  visit(document, (key, node, path) => {
    if (!isNode(node)) return
    const line = lineAt(node.range?.[0] ?? 0)
    if (key === 'key' && !isScalar(node) && !isAlias(node)) throw refused(line, 'a key is one word')
    if (isAlias(node)) throw refused(line, `the alias *${node.source.slice(0, 40)} is not taken; write the value out`)
    if (node.anchor !== undefined) throw refused(line, `the anchor &${node.anchor.slice(0, 40)} is not taken; write the value out where it is needed`)
    if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:')) throw refused(line, 'tags are not taken')
    if (path.length > maxDepth) throw refused(line, 'this is nested too deep')
  })
}

function lineOfPath(document: Document.Parsed, path: readonly (string | number)[], lineAt: (offset: number) => number): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const inside = path.slice(0, length)
    const parent: unknown = length === 0 ? undefined : document.getIn(inside.slice(0, -1), true)
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(inside.at(-1))) : undefined
    const node: unknown = pair ? pair.key : document.getIn(inside, true)
    if (isNode(node) && node.range) return lineAt(node.range[0])
  }
  return 1
}
