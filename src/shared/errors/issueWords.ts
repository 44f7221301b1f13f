import type { z } from 'zod'

const kinds: Readonly<Record<string, string>> = { string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', tuple: 'a list', object: 'a block of "key: value"', record: 'a block of "key: value"' }
const kindOf = (value: string): string => kinds[value] ?? value

/** What a file of a person has wrong there, in words that name no type of ours; what a schema says in words of its own is kept. */
export function issueWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type': {
      const received = /received (\w+)/.exec(issue.message)?.[1] ?? ''
      if (received === 'undefined') return 'it is missing'
      const isTold = received !== '' && received !== issue.expected && issue.expected !== 'int'
      return `${kindOf(issue.expected)} has to stand here${isTold ? `, not ${received === 'null' ? 'nothing' : kindOf(received)}` : ''}`
    }
    case 'invalid_value': return `only ${issue.values.map(String).join(', ')} ${issue.values.length === 1 ? 'is' : 'are'} known here`
    case 'too_small': return issue.origin === 'string' && Number(issue.minimum) === 1 ? 'it is empty' : `${boundOf(issue.minimum, issue.origin)} at least`
    case 'too_big': return `${boundOf(issue.maximum, issue.origin)} at most`
    case 'invalid_format': return issue.format === 'regex' && /^Invalid string/.test(issue.message) ? 'it has letters or signs that do not belong there' : issue.message
    case 'invalid_union': return 'options' in issue && Array.isArray(issue.options) ? `only ${issue.options.join(', ')} are known here` : issue.message
    case 'not_multiple_of': case 'unrecognized_keys': case 'invalid_key': case 'invalid_element': case 'custom': return issue.message
  }
}

function boundOf(bound: number | bigint, origin: string): string {
  const unit: Readonly<Record<string, string>> = { string: ' letters', array: ' entries' }
  return `${String(bound)}${unit[origin] ?? ''}`
}
