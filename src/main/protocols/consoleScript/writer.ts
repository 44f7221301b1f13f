import type { ScriptPart, ScriptStep } from './frame.ts'

const named: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\u001b': '\\e', '"': '\\"', '\\': '\\\\', '{': '\\{', '}': '\\}' }

/** As a person would have written it. */
export function scriptLine(step: ScriptStep): string {
  switch (step.kind) {
    case 'send': case 'type': return `${step.kind} ${quotedText(step.text)}`
    case 'wait': return `wait ${step.durationMs}ms`
    case 'set': return `set ${step.name} from ${slashed(step.pattern, step.ignoreCase)}`
    case 'expect': {
      const wanted = 'words' in step.wanted ? quotedText(step.wanted.words) : slashed(step.wanted.pattern, step.wanted.ignoreCase)
      return `expect ${wanted} within ${step.withinMs}ms${step.otherwise === undefined ? '' : ` else fail ${quotedText(step.otherwise)}`}`
    }
  }
}

const slashed = (pattern: string, ignoreCase: boolean): string => `/${pattern}/${ignoreCase ? 'i' : ''}`

// eslint-disable-next-line no-control-regex -- controls are shown by their number
const shown = (letters: string): string => letters.replaceAll(/[\u0000-\u001f"\\{}\u007f-\u00a0]/g, (letter) => named[letter] ?? `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`)

export const quotedText = (parts: readonly ScriptPart[]): string => `"${parts.map((part) => (typeof part === 'string' ? shown(part) : `{${part.variable}}`)).join('')}"`
