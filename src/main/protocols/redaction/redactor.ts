import { type Redaction, type RedactionKind, redactionRules, type RedactionRule } from '../../../shared/captures/bundle.schema.ts'
import { controlLetters, escapeSequences } from '../captureLines/plainLine.ts'
import { asksForSecret, isSecretName, keyBegins, keyEnds, secretsIn } from './rules.ts'

/** What one stream of lines said before: a private key goes on over many. */
export interface StreamMemory { keyLinesLeft: number }
export const newStreamMemory = (): StreamMemory => ({ keyLinesLeft: 0 })

export interface RedactedLine { readonly text: string; readonly isHidden?: boolean }

export interface Redactor {
  /** One line without its end; `\r` inside parts what overwrote each other. Result: what may be shown, a text for each part. */
  line(line: RedactedLine, memory: StreamMemory): string[]
  /** All texts in a plain object. */
  value(value: unknown): unknown
  /** Everything between the tags of a page of ours. */
  html(page: string): string
  /** From here on, the secrets that were found are looked for everywhere. */
  useLearned(): void
  counts(): Partial<Record<RedactionKind, number>>
}

const marks = new Map<RedactionKind, string>([...redactionRules.map(({ id, mark }) => [id, `[removed: ${mark}]`] as const), ['word', '[removed: word]'], ['pattern', '[removed: pattern]'], ['learned', '[removed: secret]']])
export const markOf = (kind: RedactionKind): string => marks.get(kind) ?? '[removed]'

/** A private key of 16384 bits has so many lines. */
const mostKeyLines = 256
/** Matching and remembering: longer than a password that anybody types. */
const mostLearned = 200
const teaching: ReadonlySet<RedactionKind> = new Set<RedactionRule>(['password', 'wlan', 'login', 'routeros', 'token', 'key'])
/** Values of such names that are no secrets, and would take half of the words out of a log. */
const common = /^(?:[\d.]+|0x[\da-f]+|true|false|yes|no|on|off|none|null|enabled?|disabled?|default|required|incorrect|failed|changed|expired|unknown|invalid|admin|root|user|login|password|[\w.-]+\.(?:pem|key|crt|txt|conf|cfg))$/i

interface Span { start: number; end: number; kind: RedactionKind }

export function createRedactor({ rules, words, patterns }: Redaction): Redactor {
  const chosen = new Set(rules)
  const own = patterns.map((source) => new RegExp(source, 'gi'))
  const named = anyOf(words)
  const learned = new Set<string>()
  const counts = new Map<RedactionKind, number>()
  let known: RegExp | undefined
  const count = (kind: RedactionKind): void => { counts.set(kind, (counts.get(kind) ?? 0) + 1) }
  const learn = (kind: RedactionKind, text: string): void => {
    if (!teaching.has(kind) || learned.size >= mostLearned) return
    const bare = text.replace(/^(["'])(.*)\1$/, '$2').trim()
    // Of user:password the second half is worth remembering.
    const secret = kind === 'login' ? bare.slice(bare.indexOf(':') + 1) : bare
    if (secret.length >= 6 && secret.length <= 512 && !common.test(secret)) learned.add(secret)
  }
  const spansOf = (text: string): Span[] => {
    const spans: Span[] = secretsIn(text, chosen)
    const add = (kind: RedactionKind, pattern: RegExp | undefined): void => {
      if (pattern) for (const match of text.matchAll(pattern)) if (match[0] !== '') spans.push({ kind, start: match.index, end: match.index + match[0].length })
    }
    add('word', named)
    for (const pattern of own) add('pattern', pattern)
    add('learned', known)
    return spans
  }
  const line = ({ text, isHidden = false }: RedactedLine, memory: StreamMemory): string[] => {
    const parts = plain(text)
    if (isHidden && chosen.has('password')) {
      const whole = parts.join('')
      if (whole.trim() === '') return parts
      learn('password', whole)
      count('password')
      return [markOf('password')]
    }
    if (chosen.has('key') && isInKey(parts, memory)) {
      if (memory.keyLinesLeft === mostKeyLines) count('key')
      return [markOf('key')]
    }
    const spans = merged(parts, spansOf)
    const whole = parts.join('\r')
    for (const { kind, start, end } of spans) { count(kind); learn(kind, whole.slice(start, end).replaceAll('\r', '')) }
    return cutOut(whole, spans)
  }
  const textOf = (text: string, memory: StreamMemory): string => line({ text }, memory).join('\n')
  const lines = (text: string): string => {
    const memory = newStreamMemory()
    return text.split(/\r?\n/).map((each) => textOf(each, memory)).join('\n')
  }
  const value = (given: unknown, name = ''): unknown => {
    if (typeof given === 'string') {
      if (!isSecretName(name) || given === '') return lines(given)
      learn('password', given)
      count('password')
      return markOf('password')
    }
    if (Array.isArray(given)) return given.map((each) => value(each, name))
    if (typeof given !== 'object' || given === null) return given
    const entries = Object.entries(given)
    // `{ name: 'wlanpass', value: '…' }` is how variables are told.
    const [variable] = entries.flatMap(([key, inside]) => (key === 'name' && typeof inside === 'string' ? [inside] : []))
    return Object.fromEntries(entries.map(([key, inside]) => [key, value(inside, key === 'value' && variable !== undefined ? variable : key)]))
  }
  return {
    line, value,
    html: (page) => {
      const [style = ''] = /<style>[^<]*<\/style>/.exec(page) ?? []
      return page.split(style === '' ? '\u0000' : style).map((half) => half.split(/(<[^>]*>)/).map((piece) => (piece.startsWith('<') || piece.trim() === '' ? piece : encoded(lines(decoded(piece))))).join('')).join(style)
    },
    useLearned: () => { known = anyOf([...learned]); counts.clear() },
    counts: () => Object.fromEntries(counts),
  }
}

export { asksForSecret }

const anyOf = (words: readonly string[]): RegExp | undefined => (words.length === 0 ? undefined
  : new RegExp([...words].sort((a, b) => b.length - a.length).map((word) => word.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|'), 'gi'))

/** As a person would read it: what was taken back is gone, and what moves the cursor, too. */
const plain = (text: string): string[] => text.replace(escapeSequences, '').split('\r').map((part) => takenBack(part).replace(controlLetters, '')).filter((part, index, all) => part !== '' || all.length === 1 || index === 0)

function takenBack(text: string): string {
  if (!text.includes('\b')) return text
  const kept: string[] = []
  for (const letter of text) { if (letter === '\b') kept.pop(); else kept.push(letter) }
  return kept.join('')
}

function isInKey(parts: readonly string[], memory: StreamMemory): boolean {
  const whole = parts.join('')
  if (keyBegins.test(whole)) memory.keyLinesLeft = keyEnds.test(whole) ? 0 : mostKeyLines
  else if (memory.keyLinesLeft === 0) return false
  else memory.keyLinesLeft = keyEnds.test(whole) ? 0 : memory.keyLinesLeft - 1
  return true
}

/** In the line with its `\r`: found in each part, and over the joints, where an editor of a shell broke a long line (with and without its blank). */
function merged(parts: readonly string[], spansOf: (text: string) => Span[]): Span[] {
  const whole = parts.join('\r')
  const found: Span[] = []
  let start = 0
  for (const part of parts) {
    for (const span of spansOf(part)) found.push({ ...span, start: span.start + start, end: span.end + start })
    start += part.length + 1
  }
  if (parts.length > 1) {
    for (const joint of [/\r/, / ?\r/]) {
      const { text, places } = without(whole, joint)
      for (const { kind, start: from, end } of spansOf(text)) found.push({ kind, start: places[from] ?? 0, end: (places[end - 1] ?? 0) + 1 })
    }
  }
  const sorted = found.filter((span) => span.end > span.start).sort((a, b) => a.start - b.start || b.end - a.end)
  const spans: Span[] = []
  for (const span of sorted) {
    const last = spans.at(-1)
    if (last && span.start < last.end) last.end = Math.max(last.end, span.end)
    else spans.push({ ...span })
  }
  return spans
}

/** The text without its joints, and where each of its letters was. */
function without(whole: string, joint: RegExp): { readonly text: string; readonly places: readonly number[] } {
  const places: number[] = []
  let text = ''
  let at = 0
  for (const match of whole.matchAll(new RegExp(joint, 'g'))) {
    for (let place = at; place < match.index; place += 1) places.push(place)
    text += whole.slice(at, match.index)
    at = match.index + match[0].length
  }
  for (let place = at; place < whole.length; place += 1) places.push(place)
  return { text: text + whole.slice(at), places }
}

function cutOut(whole: string, spans: readonly Span[]): string[] {
  let shown = ''
  let at = 0
  for (const { start, end, kind } of spans) {
    shown += whole.slice(at, start) + markOf(kind)
    at = end
  }
  return (shown + whole.slice(at)).split('\r')
}

const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }
const decoded = (text: string): string => text.replaceAll(/&(?:#(\d{1,7})|(\w{2,4}));/g, (all, code: string | undefined, name: string | undefined) => (code === undefined ? names[name ?? ''] ?? all : String.fromCodePoint(Math.min(0x10ffff, Number(code)))))
const encoded = (text: string): string => text.replaceAll(/[&<>"'`]/g, (letter) => `&#${letter.charCodeAt(0)};`)
