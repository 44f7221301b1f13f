/** What stands in brackets in a macro: `{camera}`, `{ip}`, `{chip}` are known here, `{ask:Name}` and whatever else is not are asked for. */
export interface MacroFacts { readonly camera: string; readonly ip: string; readonly chip: string }

const bracket = /\{(ask:[^{}\r\n]{1,48}|[a-z]{1,24})\}/g

/** Questions to ask before a macro is sent, each once, in the order of the text. */
export function questionsOf(text: string, facts: MacroFacts): string[] {
  const names = [...text.matchAll(bracket)].flatMap(([, name = '']) => (name.startsWith('ask:') ? [name.slice(4).trim()] : knownOf(name, facts) === undefined ? [name] : []))
  return [...new Set(names)]
}

export function filledMacro(text: string, facts: MacroFacts, answers: Readonly<Record<string, string>>): string {
  // An answer is typed as it is: a line end in it would send a line that nobody wrote.
  const answer = (name: string): string => (answers[name] ?? '').replaceAll(/[\r\n]/g, ' ')
  return text.replaceAll(bracket, (_whole, name: string) => (name.startsWith('ask:') ? answer(name.slice(4).trim()) : knownOf(name, facts) ?? answer(name)))
}

function knownOf(name: string, { camera, ip, chip }: MacroFacts): string | undefined {
  const known = name === 'camera' ? camera : name === 'ip' ? ip : name === 'chip' ? chip : ''
  return known === '' ? undefined : known
}

const said = /(?:\binet (?:addr:)?|\bipaddr[=:] ?|\blease of )(\d{1,3}(?:\.\d{1,3}){3})\b/g

/** The address that the camera last said it has; empty when it said none. */
export const addressSaid = (text: string): string => [...text.matchAll(said)].map(([, address = '']) => address).filter((address) => address !== '127.0.0.1').at(-1) ?? ''
