import type { RedactionRule } from '../../../shared/captures/bundle.schema.ts'

/** A stretch of a line that must not be told. */
export interface SecretSpan { readonly start: number; readonly end: number; readonly kind: RedactionRule }

// Every pattern begins with something rare or at the start of a run, and every repeat is bounded: a line of noise costs time in proportion to
// its length. The group named "secret" is what goes; the rest says what it was.
const value = `(?<secret>"[^"]{1,512}"|'[^']{1,512}'|[^\\s,;&"'<>]{1,1024})`
const rest = '(?<secret>\\S[^\\n]*)'
const link = `[\\w.-]{0,64}["']?\\s{0,8}[=:]\\s{0,8}`
const assigned = `[\\w.-]{0,64}["']?\\s{0,8}=\\s{0,8}`
/** `pw` where no letter follows: `rootpw`, and not `pwm`. */
const passwords = '(?:pass|pwd|pswd|pw(?![a-z]))'
/** Cameras are made and used in many places. */
const otherTongues = '\u043f\u0430\u0440\u043e\u043b|contrase|senha|\u5bc6\u7801|\u53e3\u4ee4'
const keys = '(?:key|secret|token|credential|auth(?!or))'
/** `setenv name the rest`, as typed at a prompt, and `name=the rest` as `printenv` says it: values may hold blanks there. */
const typed = (names: string): string => `\\b(?:fw_)?setenv\\s{1,8}(?:-\\w\\s{1,8}){0,2}(?=([\\w.-]{1,128}))(?=[\\w.-]{0,128}${names})\\1\\s{1,8}(?<secret>[^\\s;][^;]*)`
const printed = (names: string): string => `^[\\w.-]{0,64}?${names}[\\w.-]{0,64}=(?<secret>\\S.*)$`
const flag = (names: string): string => `--[\\w-]{0,32}?${names}[\\w-]{0,32}[=\\s]\\s{0,4}${value}`

const sources: readonly (readonly [RedactionRule, string])[] = [
  ['token', `\\b(?:proxy-)?authorization["']?\\s{0,8}[=:]\\s{0,8}${rest}`],
  ['token', '\\bbearer\\s{1,8}(?<secret>[\\w.~+/=-]{8,4096})'],
  ['token', '(?<![\\w.-])(?<secret>eyJ[\\w-]{4,4096}\\.[\\w-]{4,4096}\\.[\\w-]{0,4096})'],
  ['wlan', `\\bwpa_passphrase\\s{0,4}=\\s{0,4}${value}`],
  ['routeros', `(?:pre-shared-key|passphrase|(?:ipsec|ppp|radius)-secret|(?:authentication|encryption)-password)\\s{0,4}=\\s{0,4}${value}`],
  ['wlan', `\\bwpa_passphrase\\s{1,8}(?:"[^"]{0,64}"|\\S{1,64})\\s{1,8}${rest}`],
  ['wlan', typed('psk')],
  ['wlan', '\\b(?:key|enc)\\s{1,4}(?<secret>(?:s|[0-3]):\\S{1,128})'], ['wlan', '\\biwconfig\\s{1,4}\\S{1,32}\\s{1,4}(?:key|enc)\\s{1,4}(?<secret>\\S{1,128})'],
  ['wlan', `\\bw(?:i-?fi|lan|pa|ep)[ -]{1,3}(?:key|psk)["']?\\s{0,8}[=:]\\s{0,8}${rest}`],
  ['wlan', `psk["']?\\s{0,8}[=:]\\s{0,8}${value}`],
  ['wlan', `w(?:pa|ep|lan)[\\w.-]{0,16}key[\\w.-]{0,16}["']?\\s{0,8}[=:]\\s{0,8}${value}`],
  ['password', `(?:${otherTongues})\\S{0,4}\\s{0,8}[=:\uff1a]\\s{0,8}${rest}`],
  ['password', `\\b(?:sshpass|ftpput|ftpget|mosquitto_(?:pub|sub))\\b[^\\n]{0,200}?\\s-p\\s{0,4}${value}`],
  ['password', `\\b(?:cli|nvram|uci|env)\\b(?:\\s{1,4}-{0,2}\\w{1,8}){0,2}\\s{1,4}[\\w.@[\\]-]{0,64}(?:${passwords}|psk)[\\w.-]{0,32}\\s{1,4}${value}`],
  ['login', '\\b(?:curl|wget)\\b[^\\n]{0,400}?\\s(?:-u|--user)[\\s=]{0,2}(?<secret>["\']?[^\\s:"\']{1,64}:[^\\s]{1,256})'],
  ['password', '\\becho\\s{1,4}(?:-\\w{1,2}\\s{1,4})?["\']?[\\w-]{1,32}:(?<secret>[^\\s"\'|]{1,128})["\']?\\s{0,4}\\|\\s{0,4}chpasswd'],
  ['password', typed(passwords)], ['password', printed(passwords)], ['password', flag(passwords)],
  ['password', `^[^:]{0,80}${passwords}(?:word|phrase|wd)?\\b(?:\\s[^:=]{1,40})?:(?!\\/\\/)\\s{0,8}${rest}`],
  ['password', `${passwords}${link}${value}`],
  // `login: root` is news, `user=…:…` in an address is not.
  ['login', '(?<=:\\/\\/)(?<secret>[^\\s/:"\'<>@]{0,64}:(?!\\d{1,5}(?:\\/|\\s|$))[^\\s"\'<>]{1,256})@'],
  ['login', '(?<=:\\/\\/)(?<secret>[^\\s/"\'<>]{1,256})@'],
  ['hash', '(?<=:)(?<secret>\\$(?:\\d\\w?|y|2[aby])\\$[\\w./$=,+-]{4,256})'],
  ['hash', '^[\\w-]{1,32}:(?<secret>[\\w./]{13}):\\d{1,6}:'],
  ['key', typed(keys)], ['key', printed(keys)], ['key', flag(keys)],
  ['key', `${keys}${assigned}${value}`],
  ['key', `(?:api|private|secret|access|licen[cs]e|shared|session|host|p2p|cloud)[ _-]?(?:key|token|secret)["']?\\s{0,8}:\\s{0,8}${value}`],
  ['key', `\\b(?:token|secret|credential)s?["']?\\s{0,8}:\\s{0,8}${value}`],
  ['key', `"[\\w.-]{0,32}(?:key|secret|token)[\\w.-]{0,32}"\\s{0,8}:\\s{0,8}${value}`],
  ['serial', `\\b(?:serial(?:[ _-]?(?:no|nr|number|id))?|licen[cs]e|device[_-]?id|uuid|p2p[_-]?id)["']?\\s{0,8}[=:#]\\s{0,8}${value}`],
  ['serial', '(?<![A-Z0-9-])(?<secret>(?=[A-Z-]{0,80}\\d)(?=[\\d-]{0,80}[A-Z])[A-Z0-9]{4,8}(?:-[A-Z0-9]{4,8}){3,7})(?![A-Z0-9-])'],
  ['mac', '(?<![0-9a-f:.-])(?<secret>[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})(?![0-9a-f:-])'],
  ['address', '(?<![\\w.])(?<secret>(?:\\d{1,3}\\.){3}\\d{1,3})(?![\\w.]?\\d)'],
  ['address', '(?<![\\w:.])(?<secret>(?=[0-9a-f:]{0,40}::|(?:[0-9a-f]{1,4}:){7})[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8})(?![\\w:])'],
]

// Only licences are told by their capitals.
const compiled = sources.map(([kind, source]) => ({ kind, pattern: new RegExp(source, source.startsWith('(?<![A-Z0-9-])') ? 'gd' : 'gid') }))

/** `hostname: author` is no secret, and neither is a value that says that there is none. */
const emptyValues = /^(?:["']{2}|\(?(?:null|none|empty|not set|undefined)\)?)$/i

/** All that these rules find in one line, in no order; stretches may overlap. */
export function secretsIn(line: string, rules: ReadonlySet<RedactionRule>): SecretSpan[] {
  const spans: SecretSpan[] = []
  for (const { kind, pattern } of compiled) {
    if (!rules.has(kind)) continue
    for (const match of line.matchAll(pattern)) {
      const place = match.indices?.groups?.['secret']
      if (place && !emptyValues.test(line.slice(place[0], place[1]))) spans.push({ start: place[0], end: place[1], kind })
    }
  }
  return spans
}

/** A line that asks for a secret: what is typed next is one. */
export const asksForSecret = (line: string): boolean => /(?:(?:pass(?:word|phrase|wd)?|pin|secret|psk|token|key)\b|\u043f\u0430\u0440\u043e\u043b|contrase|senha|\u5bc6\u7801|\u53e3\u4ee4)[^:\uff1a\n]{0,60}[:?\uff1a]\s{0,4}$/i.test(line.slice(-120))

/** The beginning and the end of what goes whole. */
export const keyBegins = /-----BEGIN [A-Z0-9 ]{0,40}(?:PRIVATE KEY|OPENSSH)[A-Z0-9 ]{0,20}-----/
export const keyEnds = /-----END [A-Z0-9 ]{0,60}-----/

/** The name of a variable or a field whose value is not told. */
export const isSecretName = (name: string): boolean => /pass(?!ed|es|ive)|pwd|pswd|pw(?![a-z])|psk|secret|token|credential|(?:^|[_.-])key$|[a-z]key$/i.test(name)
