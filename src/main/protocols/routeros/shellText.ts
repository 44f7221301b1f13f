export interface PoeReading {
  /** `powered-on`, `waiting-for-load`, `short-circuit` and so on, as the switch says. */
  readonly status: string
  readonly volts: number | undefined
  readonly milliamperes: number | undefined
  readonly watts: number | undefined
}

/** `poe-out-status: powered-on` and its like, one a line. `undefined` when there is no status among them. */
export function parsePoeMonitor(text: string): PoeReading | undefined {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/).slice(0, 100)) {
    const found = /^\s*([a-z-]{1,32}):\s*(\S{1,64})\s*$/.exec(line)
    if (found) values.set(found[1] ?? '', found[2] ?? '')
  }
  const status = values.get('poe-out-status')
  const figure = (key: string, unit: string): number | undefined => {
    const found = /^(\d{1,6}(?:\.\d{1,6})?)([A-Za-z]*)$/.exec(values.get(key) ?? '')
    return found && (found[2] === unit || found[2] === '') ? Number(found[1]) : undefined
  }
  return status === undefined ? undefined : {
    status, volts: figure('poe-out-voltage', 'V'), milliamperes: figure('poe-out-current', 'mA'), watts: figure('poe-out-power', 'W'),
  }
}

/** Every export begins with a comment that names the version. */
export const looksLikeExport = (text: string): boolean => /^#[^\n]*\bRouterOS\b/m.test(text.slice(0, 2_000))

/** The shell tells failures in words, not always by its exit code. */
export function shellComplaint(text: string): string | undefined {
  const line = text.split(/\r?\n/).map((each) => each.trim()).find((each) => each !== '') ?? ''
  return /^(bad command name|expected |syntax error|input does not match|no such item|failure:|invalid |ambiguous value|not enough permissions|value of )/i.test(line) ? line.slice(0, 200) : undefined
}

const secretKey = /pass(?:word|phrase)?$|secret|private|pre-?shared|psk|(?:^|-)key$|auth-key|community|token|pin$|challenge/i
/** Scripts carry passwords in forms of their own, so they are hidden whole. */
const scriptKey = /^(?:source|on-[a-z-]+|(?:up|down|lease|init|exit)-script|script)$/i

/**
 * For the audit record: joins wrapped lines, then hides the value of every key that names a secret. Version 6 prints them in
 * the open, and which command hides them differs between versions, so nothing is left to the switch.
 */
export function maskSecrets(exported: string): string {
  const whole = exported.replaceAll('\r', '').replaceAll(/\\\n {0,8}/g, '')
  return whole.replaceAll(/([A-Za-z0-9.-]{1,64})=("(?:[^"\\]|\\.)*"|[^\s"]*)/g, (all, key: string) => ((secretKey.test(key) || scriptKey.test(key)) && !all.endsWith('=') ? `${key}=***` : all))
    // SNMP communities are passwords, and there the name itself is the secret.
    .replaceAll(/^(\/snmp community\b.*\bname=)("(?:[^"\\]|\\.)*"|[^\s"]*)/gm, '$1***')
}

/** A name in quotes for the RouterOS shell; `undefined` for one that could end the quotes or be expanded. */
export const shellQuoted = (name: string): string | undefined => (/^[A-Za-z0-9 _.+/()-]{1,64}$/.test(name) ? `"${name}"` : undefined)
