/** A word is made of pieces, because `a${b}c` is expanded when its command runs and not before: `$?` changes in between. */
export type Piece = { readonly text: string; readonly quoted: boolean } | { readonly variable: string; readonly quoted: boolean }

export interface ParsedCommand {
  /** What joins it to the command before. */
  readonly after: ';' | '&&' | '||'
  readonly words: readonly (readonly Piece[])[]
}

export type LineParse = { readonly ok: true; readonly commands: readonly ParsedCommand[] } | { readonly ok: false }

interface Draft {
  commands: ParsedCommand[]
  words: Piece[][]
  word: Piece[] | undefined
  after: ParsedCommand['after']
}

const namePattern = /^(?:\{([A-Za-z0-9_.#-]+)\}|([A-Za-z_][A-Za-z0-9_]*|\?))/

/** One line of the hush shell: quotes, backslash, `$x`, `${x}`, `$?`, `;`, `&&`, `||`, comments. `if` and loops are not there. */
export function parseLine(line: string): LineParse {
  const draft: Draft = { commands: [], words: [], word: undefined, after: ';' }
  for (let at = 0; at < line.length;) {
    const step = outside(draft, line, at)
    if (step === undefined) return { ok: false }
    at += step
  }
  endCommand(draft, ';')
  return { ok: true, commands: draft.commands }
}

/** Result: characters used. `undefined`: a quote or brace without its end. */
function outside(draft: Draft, line: string, at: number): number | undefined {
  const character = line[at] ?? ''
  const rest = line.slice(at)
  if (character === ' ' || character === '\t') { endWord(draft); return 1 }
  if (rest.startsWith('&&') || rest.startsWith('||')) { endCommand(draft, rest.startsWith('&&') ? '&&' : '||'); return 2 }
  if (character === ';' || character === '\n') { endCommand(draft, ';'); return 1 }
  if (character === '#' && !draft.word) return rest.length
  if (character === '\\') { add(draft, { text: line[at + 1] ?? '', quoted: true }); return 2 }
  if (character === "'") {
    const end = line.indexOf("'", at + 1)
    if (end < 0) return undefined
    add(draft, { text: line.slice(at + 1, end), quoted: true })
    return end - at + 1
  }
  if (character === '"') return insideQuotes(draft, line, at)
  if (character === '$') return variable(draft, rest, false)
  const plain = /^[^\s;&|#\\'"$]+/.exec(rest)?.[0] ?? character
  add(draft, { text: plain, quoted: false })
  return plain.length
}

function insideQuotes(draft: Draft, line: string, start: number): number | undefined {
  add(draft, { text: '', quoted: true })
  for (let at = start + 1; at < line.length;) {
    const character = line[at] ?? ''
    if (character === '"') return at - start + 1
    if (character === '\\' && /["\\$]/.test(line[at + 1] ?? '')) { add(draft, { text: line[at + 1] ?? '', quoted: true }); at += 2; continue }
    if (character === '$') { at += variable(draft, line.slice(at), true); continue }
    add(draft, { text: character, quoted: true })
    at += 1
  }
  return undefined
}

function variable(draft: Draft, rest: string, quoted: boolean): number {
  const found = namePattern.exec(rest.slice(1))
  if (!found) { add(draft, { text: '$', quoted }); return 1 }
  add(draft, { variable: found[1] ?? found[2] ?? '', quoted })
  return found[0].length + 1
}

function add(draft: Draft, piece: Piece): void {
  draft.word ??= []
  draft.word.push(piece)
}

function endWord(draft: Draft): void {
  if (draft.word) draft.words.push(draft.word)
  draft.word = undefined
}

function endCommand(draft: Draft, next: ParsedCommand['after']): void {
  endWord(draft)
  if (draft.words.length > 0) draft.commands.push({ after: draft.after, words: draft.words })
  draft.words = []
  draft.after = next
}

/** Expanded values are not split again. A word of nothing but empty, unquoted values vanishes: that is how `sf write A O ${filesize}` loses its length. */
export function expandWords(words: ParsedCommand['words'], valueOf: (name: string) => string): string[] {
  const expanded: string[] = []
  for (const word of words) {
    const text = word.map((piece) => ('text' in piece ? piece.text : valueOf(piece.variable))).join('')
    if (text !== '' || word.some(({ quoted }) => quoted)) expanded.push(text)
  }
  return expanded
}
