/** `pw` where no letter follows: `rootpw`, `pw_admin`, `wifiPW2`, and not `pwm`. */
const secretName = /pass|pwd|pswd|pword|phrase|pw(?![a-z])|psk|secret|token|key|cred|auth|login|userdata|wep|wpa|cookie|community|private|licen[cs]e|(?:pin|puk|otp)\d?$/i
/** Inside a value: `wifipass=…`, `--psk …` and the user part of an address. */
const secretInside = /((?:^|[\s,;&?"'-])[\w.-]*(?:pass|pwd|pswd|phrase|pw(?![a-z])|psk|secret|token|key|cred|auth|cookie)[\w.-]*\s*[=:\s]\s*)("[^"]*"|'[^']*'|[^\s,;&"']+)/gi
const userInfo = /(\w:\/\/)[^\s/@]+@/g

export const masked = '••••••'
const maxValueChars = 512

export const isSecretName = (name: string): boolean => secretName.test(name)

/** A value as it may be shown, stored and mailed: secrets masked, nothing that moves a cursor, bounded. */
export function shownValue(name: string, value: string): { readonly text: string; readonly isSecret: boolean } {
  if (isSecretName(name)) return { text: value === '' ? '' : masked, isSecret: true }
  // eslint-disable-next-line no-control-regex -- control characters are what is replaced
  const plain = value.replaceAll(/[\x00-\x1f\x7f-\x9f]+/g, ' ')
  const text = plain.replaceAll(secretInside, (_all, before: string) => `${before}${masked}`).replaceAll(userInfo, (_all, scheme: string) => `${scheme}${masked}@`)
  return { text: text.length > maxValueChars ? `${text.slice(0, maxValueChars)}…` : text, isSecret: text !== plain }
}
