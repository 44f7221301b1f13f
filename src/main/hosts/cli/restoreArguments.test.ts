import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { readRestoreArguments } from './commands/restoreArguments.ts'

const base = ['-c', 'hi3516ev300', '-i', '/images']
const read = (more: readonly string[], environment: Record<string, string> = {}) => readRestoreArguments([...base, ...more], environment)
const refusal = (argv: readonly string[], environment: Record<string, string> = {}): WorkbenchError => {
  try {
    readRestoreArguments(argv, environment)
  } catch (error) {
    if (error instanceof WorkbenchError) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('flags of restore', () => {
  test('the line of the published tool', () => {
    expect(readRestoreArguments(['-c', 'HI3516EV300', '-i', 'DIR', '-p', 'rack://10.216.128.69', '--power-cycle', '--flash-type', 'nor', '--tftp-via', 'auto'], {})).toEqual({
      chip: 'hi3516ev300', inputPath: 'DIR', target: { url: 'rack://10.216.128.69', power: 'rack', notes: [] },
      boot: 'auto', flashType: 'nor', tftpVia: 'auto', tftpPort: 69, force: false, planOnly: false, dataFolder: undefined,
    })
  })
  test('every flag arrives', () => {
    expect(read(['--boot', 'own', '--uboot', 'u', '--profile', 'p', '--mtdparts', 'hi_sfc:256k(boot)', '--host-ip', '10.0.0.1', '--device-ip', '10.0.0.2', '--nic', 'eth1',
      '--tftp-via=host', '--tftp-port', '6969', '--force', '--plan-only', '--output', 'json', '-d', '--data', '/d', '-p', 'tcp://10.0.0.9:9000'])).toEqual({
      chip: 'hi3516ev300', inputPath: '/images', target: { url: 'tcp://10.0.0.9:9000', power: 'manual', notes: [] }, boot: 'own', flashType: 'auto', tftpVia: 'host', tftpPort: 6969,
      mtdparts: 'hi_sfc:256k(boot)', profilePath: 'p', ubootPath: 'u', hostIp: '10.0.0.1', deviceIp: '10.0.0.2', nic: 'eth1', force: true, planOnly: true, dataFolder: '/d',
    })
    expect(read([]).target).toEqual({ url: '/dev/ttyUSB0', power: 'manual', notes: [] })
  })
  test.each<[string[], string]>([
    [['-i', '/x'], '--chip (-c) is missing'],
    [['-c', 'hi3516ev300'], '--input (-i) is missing'],
    [[...base, '--bogus'], 'Unknown flag --bogus'],
    [[...base, '-x'], 'Unknown flag -x'],
    [[...base, 'stray'], '"stray" belongs to no flag'],
    [[...base, '--nic'], '--nic wants a value'],
    [[...base, '--nic', '--force'], '--nic wants a value'],
    [[...base, '--force=yes'], '--force takes no value'],
    [[...base, '--nic='], '--nic is empty'],
    [[...base, '-c', 'gk7205v200'], '--chip is given 2 times'],
    [[...base, '--tftp-via', 'pigeon'], '--tftp-via "pigeon" is none of auto, pod, host'],
    [[...base, '--flash-type', 'rom'], '--flash-type "rom" is none of auto, nor, nand, emmc'],
    [[...base, '--output', 'xml'], '--output "xml" is none of human, json, quiet'],
    [[...base, '--tftp-port', 'abc'], '--tftp-port "abc" is no number from 1 to 65535'],
    [[...base, '--tftp-port', '70000'], '--tftp-port "70000" is no number from 1 to 65535'],
    [['-c', '../../etc', '-i', 'x'], '--chip "../../etc" is no chip name'],
  ])('%j: %s', (argv, message) => { expect(refusal(argv)).toMatchObject({ code: 'input/malformed', message }) })

  test.each(['nand', 'emmc'] as const)('--flash-type %s is taken', (type) => {
    expect(readRestoreArguments([...base, '--flash-type', type], {}).flashType).toBe(type)
  })

  test('any arguments are accepted or refused in our words', () => {
    const word = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('-c', '-i', '-p', '--force', '--output', 'json', '--', '--tftp-via', 'pod', '-d', '--nic=', 'rack://h'))
    fc.assert(fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
      try {
        readRestoreArguments(argv, {})
      } catch (error) {
        expect(error).toBeInstanceOf(WorkbenchError)
      }
    }))
  })
})

describe('who switches the power', () => {
  const rack = ['-p', 'rack://10.0.0.7', '--power-cycle']
  test('a rack port is a rack, whatever is unset; without --power-cycle that is said', () => {
    expect(read(rack).target).toEqual({ url: 'rack://10.0.0.7', power: 'rack', notes: [] })
    expect(read(['-p', 'rack://10.0.0.7']).target.notes).toHaveLength(1)
  })
  test('the environment of the published tool: a bridge on tcp:// and the pod named beside it', () => {
    const environment = { DEFIB_POWER_TYPE: 'RACK', DEFIB_RACK_HOST: 'node-001.local', DEFIB_RACK_PORT: '18080' }
    expect(read(['-p', 'tcp://node-001.local:9000', '--power-cycle'], environment).target).toMatchObject({ url: 'rack://node-001.local:9000?api=18080', power: 'rack' })
    expect(read(['-p', 'rack://NODE-001.local', '--power-cycle'], environment).target.url).toBe('rack://NODE-001.local?api=18080')
    expect(read(['-p', 'rack://10.0.0.7?x=1', '--power-cycle'], { DEFIB_RACK_PORT: '18080' }).target.url).toBe('rack://10.0.0.7?x=1&api=18080')
    expect(read(['-p', 'rack://node-001.local:9001', '--power-cycle'], { DEFIB_POWER_TYPE: 'rack' }).target.url).toBe('rack://node-001.local:9001')
  })
  test.each<[string, string[], Record<string, string>, string, string]>([
    ['two pods', rack, { DEFIB_RACK_HOST: '10.0.0.8' }, 'input/conflict', 'The port names the pod "10.0.0.7" and DEFIB_RACK_HOST names "10.0.0.8"'],
    ['two pods, by tcp', ['-p', 'tcp://10.0.0.7:9000', '--power-cycle'], { DEFIB_POWER_TYPE: 'rack', DEFIB_RACK_HOST: '10.0.0.8' }, 'input/conflict', 'The port names the pod "10.0.0.7" and DEFIB_RACK_HOST names "10.0.0.8"'],
    ['two HTTP ports', ['-p', 'rack://10.0.0.7?api=81', '--power-cycle'], { DEFIB_RACK_PORT: '82' }, 'input/conflict', 'The port names the HTTP port "81" and DEFIB_RACK_PORT names 82'],
    ['a port that is no number', ['-p', 'tcp://10.0.0.7:9000', '--power-cycle'], { DEFIB_POWER_TYPE: 'rack', DEFIB_RACK_HOST: '10.0.0.7', DEFIB_RACK_PORT: 'http' }, 'input/malformed', 'DEFIB_RACK_PORT "http" is no number from 1 to 65535'],
    ['an unknown type', rack, { DEFIB_POWER_TYPE: 'usb' }, 'input/malformed', 'DEFIB_POWER_TYPE "usb" is none of routeros, vectis, rack, tasmota, pdudaemon, command'],
    ['rack without host', ['-p', 'tcp://10.0.0.7:9000', '--power-cycle'], { DEFIB_POWER_TYPE: 'rack' }, 'input/not-found', 'DEFIB_POWER_TYPE is rack and DEFIB_RACK_HOST is not set'],
    ['rack with a serial port', ['--power-cycle'], { DEFIB_POWER_TYPE: 'rack', DEFIB_RACK_HOST: '10.0.0.7' }, 'input/not-supported', 'A rack pod with its console on "/dev/ttyUSB0" is not supported yet'],
    ['a switch and a rack port', rack, { DEFIB_POWER_TYPE: 'routeros' }, 'input/conflict', 'The port is a rack pod and DEFIB_POWER_TYPE is routeros'],
    ['pod TFTP without pod', ['--tftp-via', 'pod'], {}, 'input/conflict', '--tftp-via pod needs a rack pod'],
  ])('%s is refused', (_, more, environment, code, message) => {
    expect(refusal([...base, ...more], environment)).toMatchObject({ code, message })
  })
  test('a switch of the environment is named, and its port goes with it', () => {
    expect(read(['--power-cycle', '--poe-port', 'ether3'], { DEFIB_POWER_TYPE: 'routeros' })).toMatchObject({ target: { power: 'environment', notes: [] }, poePort: 'ether3' })
    for (const type of ['vectis', 'tasmota', 'pdudaemon', 'command']) expect(read(['--power-cycle'], { DEFIB_POWER_TYPE: type }).target.power).toBe('environment')
    expect(read(['--power-cycle'], {}).target).toMatchObject({ power: 'environment', notes: ['--power-cycle without DEFIB_POWER_TYPE means a RouterOS switch'] })
    expect(read([], { DEFIB_POWER_TYPE: 'routeros' }).target.power).toBe('manual')
  })
  test('--poe-port without use is said, not swallowed', () => {
    expect(read([...rack, '--poe-port', 'ether3']).target.notes[0]).toContain('--poe-port has no effect')
  })
})
