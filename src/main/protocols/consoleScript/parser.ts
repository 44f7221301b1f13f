import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { givenVariables, scriptLimits, type ScriptPart, type ScriptStep, type ScriptWanted } from './frame.ts'

const nameShape = /^[a-z][a-z0-9_]{0,31}/i
const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }
const escapes: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', e: '\u001b', '"': '"', '\\': '\\', '{': '{', '}': '}' }
const shapes = 'send "…" · type "…" · expect "…" within 10s · expect /…/ within 10s else fail "…" · wait 500ms · set NAME from /…/'

/** What is left of one line; each taker takes from its beginning. */
interface Rest { text: string; readonly line: number }

/** Every line is read before the first one is run. `input/malformed` names the line; `input/too-large`. */
export function parseScript(text: string): ScriptStep[] {
  const lines = text.split(/\r\n|\r|\n/, scriptLimits.lines + 1)
  if (lines.length > scriptLimits.lines) throw new WorkbenchError('input/too-large', `A script has at most ${scriptLimits.lines} lines`, { hint: 'A long procedure is better as several scripts' })
  const known = new Set<string>(givenVariables)
  return lines.flatMap((letters, index) => {
    const rest: Rest = { text: letters.trim(), line: index + 1 }
    if (rest.text.length > scriptLimits.lineLetters) throw wrong(rest, `is longer than ${scriptLimits.lineLetters} letters`)
    if (rest.text === '' || rest.text.startsWith('#')) return []
    const step = takeStep(rest, known)
    if (rest.text !== '') throw wrong(rest, `goes on with ${JSON.stringify(rest.text.slice(0, 40))}, which belongs to nothing`)
    return [step]
  })
}

const wrong = ({ line }: Rest, what: string): WorkbenchError => new WorkbenchError('input/malformed', `Line ${line} of the script ${what}`, { context: { line }, hint: shapes })

function takeStep(rest: Rest, known: Set<string>): ScriptStep {
  const { line } = rest
  const kind = takeWord(rest)
  switch (kind) {
    case 'send': case 'type': return { line, kind, text: takeText(rest, known) }
    case 'wait': return { line, kind, durationMs: takeDuration(rest) }
    case 'expect': {
      const wanted = takeWanted(rest, known)
      mustSay(rest, 'within')
      const withinMs = takeDuration(rest)
      if (rest.text === '') return { line, kind, wanted, withinMs, otherwise: undefined }
      mustSay(rest, 'else')
      mustSay(rest, 'fail')
      return { line, kind, wanted, withinMs, otherwise: takeText(rest, known) }
    }
    case 'set': {
      const name = takeName(rest)
      mustSay(rest, 'from')
      const pattern = takePattern(rest)
      known.add(name)
      return { line, kind, name, ...pattern }
    }
    default: throw wrong(rest, `begins with ${JSON.stringify(kind.slice(0, 40))}, which is no command`)
  }
}

function take(rest: Rest, letters: number): string {
  const taken = rest.text.slice(0, letters)
  rest.text = rest.text.slice(letters).trimStart()
  return taken
}

const takeWord = (rest: Rest): string => take(rest, (/^[^\s"/]*/.exec(rest.text)?.[0] ?? '').length)

function mustSay(rest: Rest, word: string): void {
  if (takeWord(rest) !== word) throw wrong(rest, `lacks the word "${word}"`)
}

function takeName(rest: Rest): string {
  const name = takeWord(rest)
  if (nameShape.exec(name)?.[0] !== name) throw wrong(rest, 'names a variable with other than letters, digits and _, or a long one')
  return name
}

function takeDuration(rest: Rest): number {
  const found = /^(\d{1,6})(ms|s|m)$/.exec(takeWord(rest))
  const durationMs = Number(found?.[1]) * (units[found?.[2] ?? ''] ?? Number.NaN)
  if (!(durationMs >= 1 && durationMs <= scriptLimits.waitMs)) throw wrong(rest, 'lacks a time from 1ms to 10m, such as 500ms or 10s')
  return durationMs
}

function takeText(rest: Rest, known: ReadonlySet<string>): ScriptPart[] {
  if (!rest.text.startsWith('"')) throw wrong(rest, 'lacks a text in quotation marks')
  const parts: ScriptPart[] = []
  let letters = ''
  let at = 1
  for (; rest.text[at] !== '"'; at += 1) {
    const letter = rest.text[at]
    if (letter === undefined) throw wrong(rest, 'has a text that does not end')
    if (letter === '\\') {
      const byte = /^x([0-9a-f]{2})/i.exec(rest.text.slice(at + 1, at + 4))?.[1]
      const meant = byte === undefined ? escapes[rest.text[at + 1] ?? ''] : String.fromCharCode(Number.parseInt(byte, 16))
      if (meant === undefined) throw wrong(rest, `has ${JSON.stringify(rest.text.slice(at, at + 2))} in a text, which means nothing; \\\\ is a backslash`)
      letters += meant
      at += byte === undefined ? 1 : 3
    } else if (letter === '{') {
      const name = nameShape.exec(rest.text.slice(at + 1, at + 34))?.[0] ?? ''
      if (rest.text[at + 1 + name.length] !== '}' || !known.has(name)) throw wrong(rest, `uses {${name}}, which no line before it sets; \\{ is a bracket`)
      if (letters !== '') parts.push(letters)
      letters = ''
      parts.push({ variable: name })
      at += name.length + 1
    } else letters += letter
  }
  if (letters !== '') parts.push(letters)
  take(rest, at + 1)
  return parts
}

function takeWanted(rest: Rest, known: ReadonlySet<string>): ScriptWanted {
  if (!rest.text.startsWith('"')) return takePattern(rest)
  const words = takeText(rest, known)
  if (words.length === 0) throw wrong(rest, 'expects nothing')
  return { words }
}

function takePattern(rest: Rest): { pattern: string; ignoreCase: boolean } {
  const [whole, pattern] = /^\/((?:[^/\\]|\\.)+)\//.exec(rest.text) ?? []
  if (whole === undefined || pattern === undefined) throw wrong(rest, 'lacks a pattern between slashes')
  try {
    new RegExp(pattern)
  } catch (cause) {
    throw wrong(rest, `has a pattern that is none: ${cause instanceof Error ? cause.message : ''}`)
  }
  take(rest, whole.length - 1)
  const ignoreCase = rest.text.startsWith('/i')
  take(rest, ignoreCase ? 2 : 1)
  return { pattern, ignoreCase }
}
