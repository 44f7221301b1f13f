import { describe, expect, test } from 'vitest'
import { powerFromEnvironment } from './powerFromEnvironment.ts'

const from = (environment: Readonly<Record<string, string>>, more: { poePort?: string; linePath?: string } = {}): ReturnType<typeof powerFromEnvironment> =>
  powerFromEnvironment({ environment, poePort: more.poePort, linePath: more.linePath })

describe('variables of the public tool', () => {
  test('RouterOS is the default type, admin the user, and the password stays outside', async () => {
    const { spec, secretOf } = from({ DEFIB_POE_HOST: '10.0.0.2', DEFIB_POE_PASS: 'hunter2' }, { poePort: 'ether3' })
    expect(spec).toEqual({ kind: 'routeros', host: '10.0.0.2', user: 'admin', passwordRef: 'DEFIB_POE_PASS', tls: false, onMode: 'as-before', ethernet: 'ether3' })
    expect(JSON.stringify(spec)).not.toContain('hunter2')
    expect(await secretOf('DEFIB_POE_PASS')).toBe('hunter2')
    expect(await secretOf('HOME')).toBeUndefined()
  })
  test('an empty password is a password', async () => {
    expect(await from({ DEFIB_POE_HOST: 'sw', DEFIB_POE_PASS: '' }, { poePort: 'ether3' }).secretOf('DEFIB_POE_PASS')).toBe('')
    expect(from({ DEFIB_POE_HOST: 'sw' }, { poePort: 'ether3' }).spec).not.toHaveProperty('passwordRef')
  })
  test('the port: named, or the comment by the name of the line', () => {
    const wanted = { DEFIB_POE_HOST: 'sw', DEFIB_POE_USER: 'lab', DEFIB_POE_API_PORT: '8799' }
    expect(from(wanted, { poePort: 'ether9', linePath: '/dev/uart-hi3516av300' }).spec).toMatchObject({ ethernet: 'ether9', user: 'lab', port: 8799 })
    expect(from(wanted, { linePath: '/dev/uart-hi3516av300_imx415' }).spec).toMatchObject({ comment: 'hi3516av300_imx415' })
    expect(from(wanted, { linePath: 'COM3' }).spec).toMatchObject({ comment: 'COM3' })
    expect(() => from(wanted)).toThrow(/--poe-port|is not known/)
    expect(() => from(wanted, { linePath: '/dev/uart-' })).toThrow(/is not known/)
    expect(() => from(wanted, { poePort: ' ' })).toThrow(/is empty/)
  })
  test('types in any case, with their defaults', () => {
    expect(from({ DEFIB_POWER_TYPE: ' Vectis ', DEFIB_VECTIS_HOST: 'bridge' }).spec).toEqual({ kind: 'vectis', host: 'bridge', port: 35_240, legacyPulse: false })
    expect(from({ DEFIB_POWER_TYPE: 'RACK', DEFIB_RACK_HOST: 'pod.local', DEFIB_RACK_PORT: '80' }).spec).toEqual({ kind: 'rack', host: 'pod.local', port: 80 })
    expect(from({ DEFIB_POWER_TYPE: 'rack', DEFIB_RACK_HOST: 'pod.local', DEFIB_RACK_PORT: ' ' }).spec).toMatchObject({ port: 8080 })
  })
  test.each([['routeros', 'DEFIB_POE_HOST'], ['vectis', 'DEFIB_VECTIS_HOST'], ['rack', 'DEFIB_RACK_HOST']])('%s without %s is an error that names it', (type, variable) => {
    for (const environment of [{ DEFIB_POWER_TYPE: type }, { DEFIB_POWER_TYPE: type, [variable]: '  ' }]) {
      expect(() => from(environment, { poePort: 'ether3' })).toThrow(expect.objectContaining({ code: 'input/not-found', context: { variable } }) as Error)
    }
  })
  test.each([['routeros', 'DEFIB_POE_API_PORT', 'DEFIB_POE_HOST'], ['vectis', 'DEFIB_VECTIS_PORT', 'DEFIB_VECTIS_HOST'], ['rack', 'DEFIB_RACK_PORT', 'DEFIB_RACK_HOST']])('%s: %s that is no port is an error that names it', (type, variable, host) => {
    for (const bad of ['http', '0', '65536', '80.5', '1e3', '-1']) {
      expect(() => from({ DEFIB_POWER_TYPE: type, [host]: 'x', [variable]: bad }, { poePort: 'e' })).toThrow(expect.objectContaining({ code: 'input/malformed', message: expect.stringContaining(variable) as string }) as Error)
    }
  })
  test('an unknown type is refused with the three names', () => {
    expect(() => from({ DEFIB_POWER_TYPE: 'snmp' })).toThrow(/"snmp"; known are routeros, vectis, rack/)
  })
  test('a host that is no host', () => {
    expect(() => from({ DEFIB_POE_HOST: 'http://sw/' }, { poePort: 'ether3' })).toThrow(expect.objectContaining({ code: 'input/malformed' }) as Error)
  })
})
