import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startBootWatch, watchBoot } from './bootWatch.ts'
import { firmwareText, nothingSeen, seeFirmware } from './firmwareSeen.ts'

const after = (...lines: string[]): string => firmwareText(lines.reduce(seeFirmware, nothingSeen))

test('versions out of the lines of a start, the most telling first', () => {
  expect(after('U-Boot 2010.06 (Oct 21 2024 - 15:33:13) OpenIPC')).toBe('U-Boot 2010.06 (OpenIPC)')
  expect(after('U-Boot 2016.11 (Mar 20 2023 - 11:44:07 +0000) hi3516ev300', '[    0.000000] Linux version 4.9.37 (runner@builder) (gcc version 12.3.0)', 'OpenIPC 2.5.11.02-lite')).toBe('OpenIPC 2.5.11.02-lite · Linux 4.9.37 · U-Boot 2016.11')
  expect(after('Welcome to OpenIPC v2.4.05')).toBe('OpenIPC 2.4.05')
  expect(after('OPENIPC_VERSION=2.5.01.03')).toBe('OpenIPC 2.5.01.03')
  expect(after('OpenIPC 2.5.01', 'Welcome to OpenIPC for hi3516ev300')).toBe('OpenIPC 2.5.01')
})
test('another start forgets the last one; the SPL, help texts and talk count for nothing', () => {
  expect(after('OpenIPC 2.5.01', 'Linux version 4.9.37 (x)', 'U-Boot 2016.11 (Mar 20 2023)')).toBe('U-Boot 2016.11')
  expect(after('U-Boot SPL 2016.11', 'version - U-Boot help', 'see Linux version 5', 'U-Boot help', 'cat /etc/os-release')).toBe('')
})
test('the sensor stands last, and another start does not forget it', () => {
  expect(after('Linux version 4.9.37 (x)', 'Get data from environment and set SENSOR as imx335')).toBe('Linux 4.9.37 · imx335')
  expect(after('Get data from environment and set SENSOR as imx335', 'U-Boot 2016.11 (Mar 20 2023)')).toBe('U-Boot 2016.11 · imx335')
  expect(after('set SENSOR as imx335', 'sensor=jxf37')).toBe('jxf37')
  expect(after('no sensor was found', 'sensor: init failed')).toBe('')
  // Also long after the login prompt, where nearly no line is looked at.
  const said = (text: string) => new TextEncoder().encode(text)
  const watch = ['U-Boot 2016.11 (Mar 20 2023)\r\nopenipc login: \r\n', 'nothing to tell\r\n', 'majestic: imx335 sensor 1080P init success\r\n'].reduce((sum, text) => watchBoot(sum, said(text), 0), startBootWatch(0))
  expect(firmwareText(watch.firmware)).toBe('U-Boot 2016.11 · imx335')
})
test('the boot watch sees them in any pieces', () => {
  const bytes = new TextEncoder().encode('\r\nU-Boot 2016.11 (Mar 20 2023)\r\n[    0.000000] Linux version 4.9.37 (a)\r\nWelcome to OpenIPC for hi3516ev300\r\nopenipc login: ')
  fc.assert(fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
    const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
    const watch = at.slice(1).reduce((sum, end, index) => watchBoot(sum, bytes.subarray(at[index], end), 0), startBootWatch(0))
    expect(firmwareText(watch.firmware)).toBe('OpenIPC · Linux 4.9.37 · U-Boot 2016.11')
  }))
})
test('what a camera prints makes no long text', () => {
  fc.assert(fc.property(fc.array(fc.string({ maxLength: 300 }), { maxLength: 5 }), (lines) => { expect(after(...lines.map((line) => `OpenIPC 2${line}`)).length).toBeLessThan(120) }))
})
