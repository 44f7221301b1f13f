import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { parseTransportUrl } from './transportUrl.ts'

describe('addresses of ports', () => {
  test.each([
    ['/dev/ttyUSB0', { kind: 'serial', path: '/dev/ttyUSB0' }],
    ['COM3', { kind: 'serial', path: 'COM3' }],
    ['com12', { kind: 'serial', path: '\\\\.\\COM12' }],
    ['\\\\.\\COM10', { kind: 'serial', path: '\\\\.\\COM10' }],
    ['socket:///tmp/qemu.sock', { kind: 'unix', path: '/tmp/qemu.sock' }],
    ['tcp://bench-1.local:9000', { kind: 'tcp', host: 'bench-1.local', port: 9000 }],
    ['tcp://[fe80::1]:4000', { kind: 'tcp', host: 'fe80::1', port: 4000 }],
    ['rfc2217://10.0.0.7:35240', { kind: 'rfc2217', host: '10.0.0.7', port: 35240 }],
    ['rfc2217://[fe80::1]:7217', { kind: 'rfc2217', host: 'fe80::1', port: 7217 }],
    ['usb://0403:6001/A5XK3RJT', { kind: 'usb', identity: 'usb://0403:6001/A5XK3RJT' }],
    ['usb://1a86:7523/?at=1-2.3', { kind: 'usb', identity: 'usb://1a86:7523/?at=1-2.3' }],
    ['rack://10.216.128.69', { kind: 'rack', host: '10.216.128.69', bridgePort: 9000, apiPort: 8080 }],
    ['rack://node-001.local:9001', { kind: 'rack', host: 'node-001.local', bridgePort: 9001, apiPort: 8080 }],
    ['rack://10.0.0.7?api=18080', { kind: 'rack', host: '10.0.0.7', bridgePort: 9000, apiPort: 18080 }],
    ['rack://10.0.0.7:9001?colour=red&api=18080', { kind: 'rack', host: '10.0.0.7', bridgePort: 9001, apiPort: 18080 }],
    ['rack://[::1]:9001?api=18080', { kind: 'rack', host: '::1', bridgePort: 9001, apiPort: 18080 }],
    ['  RACK://10.0.0.7/ ', { kind: 'rack', host: '10.0.0.7', bridgePort: 9000, apiPort: 8080 }],
  ])('%s', (text, expected) => { expect(parseTransportUrl(text)).toMatchObject(expected) })

  test.each([
    ['', 'it is empty'],
    ['ttyUSB0', 'neither a path nor an address'],
    ['http://10.0.0.7', 'http:// is unknown'],
    ['tcp://10.0.0.7', 'the port number is missing'],
    ['tcp://[::1]', 'the port number is missing'],
    ['tcp://:9000', 'the host is missing'],
    ['tcp://::1:9000', 'stands in brackets'],
    ['tcp://10.0.0.7:abc', 'the port "abc" is no number'],
    ['tcp://10.0.0.7:0', 'the port "0" is no number'],
    ['tcp://10.0.0.7:65536', 'the port "65536" is no number'],
    ['tcp://10.0.0.300:80', '"10.0.0.300" is no IPv4 address'],
    ['tcp://a b:80', '"a b" is no host name'],
    ['rack://', 'the host is missing'],
    ['rack://:9000', 'the host is missing'],
    ['rack://10.0.0.7:nine', 'the bridge port "nine" is no number'],
    ['rack://10.0.0.7:', 'the bridge port is missing'],
    ['rack://10.0.0.7?api=eighty', 'the api port "eighty" is no number'],
    ['rack://10.0.0.7?api=', 'the api port is missing'],
    ['rack://user@10.0.0.7', 'is no host name'],
    ['rfc2217://10.0.0.7', 'the port number is missing'],
    ['rfc2217://10.0.0.7:x', 'the port "x" is no number'],
    ['usb://0403:6001/', 'names no USB adapter'],
    ['usb://hub', 'names no USB adapter'],
    ['socket://console', 'does not begin with /'],
    ['/dev/tty\nUSB0', 'control characters'],
  ])('%j is refused and the wrong part named', (text, why) => {
    expect(() => parseTransportUrl(text)).toThrow(expect.objectContaining({ code: 'input/malformed', message: expect.stringContaining(why) as string }) as Error)
  })

  test('any text gives an address or one of our errors', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('tcp://', 'rack://', 'socket://', 'COM').chain((scheme) => fc.string().map((rest) => scheme + rest)))
    fc.assert(fc.property(text, (given) => {
      try {
        const url = parseTransportUrl(given)
        if (url.kind === 'tcp') expect(url.port).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toBeInstanceOf(WorkbenchError)
        // eslint-disable-next-line no-control-regex -- what must not be there
        expect((error as Error).message).not.toMatch(/[\x00-\x1f]/)
      }
    }))
  })
})
