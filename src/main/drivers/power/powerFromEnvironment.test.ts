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
  test('with a fingerprint the switch is spoken to by TLS, and with a wrong one by nothing', () => {
    const sum = 'AB:'.repeat(31) + 'CD'
    expect(from({ DEFIB_POE_HOST: 'sw', RACKBENCH_POWER_TLS: sum }, { poePort: 'ether3' }).spec).toMatchObject({ tls: true, certificateSha256: sum.replaceAll(':', '').toLowerCase() })
    expect(() => from({ DEFIB_POE_HOST: 'sw', RACKBENCH_POWER_TLS: 'yes' }, { poePort: 'ether3' })).toThrow(expect.objectContaining({ code: 'input/malformed' }) as Error)
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
  test('an unknown type is refused with the names', () => {
    expect(() => from({ DEFIB_POWER_TYPE: 'snmp' })).toThrow(/"snmp"; known are routeros, vectis, rack, tasmota, pdudaemon, command/)
  })
  test('a host that is no host', () => {
    expect(() => from({ DEFIB_POE_HOST: 'http://sw/' }, { poePort: 'ether3' })).toThrow(expect.objectContaining({ code: 'input/malformed' }) as Error)
  })
})

describe('plugs, units and commands of other labs', () => {
  test('Tasmota: the relay is the port, its password stays outside', async () => {
    const { spec, secretOf } = from({ DEFIB_POWER_TYPE: 'tasmota', RACKBENCH_POWER_HOST: 'plug', RACKBENCH_POWER_PASS: 'hunter2' }, { poePort: '2' })
    expect(spec).toEqual({ kind: 'tasmota', host: 'plug', port: 80, relay: 2, user: 'admin', passwordRef: 'RACKBENCH_POWER_PASS' })
    expect(await secretOf('RACKBENCH_POWER_PASS')).toBe('hunter2')
    expect(from({ DEFIB_POWER_TYPE: 'Tasmota', RACKBENCH_POWER_HOST: 'plug' }).spec).toMatchObject({ relay: 1 })
    for (const poePort of ['ether3', '', '0', '99']) expect(() => from({ DEFIB_POWER_TYPE: 'tasmota', RACKBENCH_POWER_HOST: 'plug' }, { poePort })).toThrow(expect.objectContaining({ code: 'input/malformed' }) as Error)
  })
  test('PDUDaemon: unit and outlet are said, neither is guessed', () => {
    const wanted = { DEFIB_POWER_TYPE: 'pdudaemon', RACKBENCH_POWER_HOST: 'pdu', RACKBENCH_POWER_UNIT: 'rack-a' }
    expect(from(wanted, { poePort: '7' }).spec).toEqual({ kind: 'pdudaemon', host: 'pdu', port: 16_421, pdu: 'rack-a', outlet: '7' })
    expect(() => from(wanted)).toThrow(/outlet of the power unit is not known/)
    expect(() => from({ ...wanted, RACKBENCH_POWER_UNIT: '' }, { poePort: '7' })).toThrow(/RACKBENCH_POWER_UNIT, which is not set/)
  })
  test('a command: words, or a JSON array where one holds a blank', () => {
    const wanted = { DEFIB_POWER_TYPE: 'command', RACKBENCH_POWER_ON: 'uhubctl -a on -p 2', RACKBENCH_POWER_OFF: '["/opt/relay box", "off"]' }
    expect(from(wanted).spec).toEqual({ kind: 'command', on: ['uhubctl', '-a', 'on', '-p', '2'], off: ['/opt/relay box', 'off'], limitMs: 30_000 })
    expect(from({ ...wanted, RACKBENCH_POWER_READ: 'relay state' }).spec).toMatchObject({ read: ['relay', 'state'] })
    expect(() => from({ ...wanted, RACKBENCH_POWER_OFF: '' })).toThrow(/RACKBENCH_POWER_OFF, which is not set/)
    for (const bad of ['["a"', '[1]', '[]', '[""]']) expect(() => from({ ...wanted, RACKBENCH_POWER_ON: bad })).toThrow(expect.objectContaining({ code: 'input/malformed', message: expect.stringContaining('RACKBENCH_POWER_ON') as string }) as Error)
  })
})
