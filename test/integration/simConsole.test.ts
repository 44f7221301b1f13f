import { describe, expect, test } from 'vitest'
import { crc32, hexCrc } from '../../src/shared/bytes/crc32.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import { createSimBench, noSignal, smallBlob } from '../support/simBench.ts'

const image = denseBytes(100_000, 7)
const imageLength = `0x${image.length.toString(16)}`

describe('a healthy camera', () => {
  test('boots what is in its flash by itself, and only Ctrl-C stops it', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const person = await bench.openTypist()
      await person.see(/U-Boot 2016\.11/)
      await person.see(/Press Ctrl-c to stop autoboot\.\.\. 1/)
      await person.type('x\r ')
      await person.see(/Verifying Checksum \.\.\. OK/)
      await person.see(/openipc-hi3516ev300 login: $/)
      expect(bench.handle.camera).toMatchObject({ where: 'linux', bootCount: 1, flashTouched: false })
      await bench.handle.pod.power('off', noSignal)
      expect(bench.handle.camera).toMatchObject({ where: 'off', power: 'off' })
      expect(bench.handle.watts()).toBe(0)
    })
  })
  test('is restored by typed commands: fetch, sum, erase, write, read back, boot', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const person = await bench.toPrompt()
      await bench.handle.pod.stage('mtd2', image, noSignal)
      expect(await person.command('tftpboot 0x42000000 mtd2')).toMatch(/Using eth0 device\r\nTFTP from server 192\.168\.1\.1; our IP address is 192\.168\.1\.20\r\nFilename 'mtd2'\.\r\nLoad address: 0x42000000\r\nLoading: #+\r\ndone\r\nBytes transferred = 100000 \(186a0 hex\)/)
      expect(bench.handle.staged()).toEqual([{ name: 'mtd2', lengthBytes: 100_000, reads: 1 }])
      const sum = hexCrc(crc32(image))
      expect(await person.command(`crc32 0x42000000 ${imageLength}`)).toContain(`crc32 for 42000000 ... 4201869f ==> ${sum}`)
      expect(await person.command('sf erase 0x50000 0x20000')).toContain('SF: 131072 bytes @ 0x50000 Erased: OK')
      expect(await person.command(`sf write 0x82000000 0x50000 ${imageLength}`)).toContain('SF: 100000 bytes @ 0x50000 Written: OK')
      await person.command('mw.b 0x42000000 0 0x20000')
      expect(await person.command(`sf read 0x42000000 0x50000 ${imageLength}`)).toContain('SF: 100000 bytes @ 0x50000 Read: OK')
      expect(await person.command(`crc32 0x42000000 ${imageLength}`)).toContain(sum)
      expect(Buffer.compare(bench.handle.camera.cells.subarray(0x50000, 0x50000 + image.length), image)).toBe(0)
      expect(bench.handle.camera).toMatchObject({ flashTouched: true, erasedBytes: 0x20000 })
      await person.type('reset\r')
      await person.see(/login: $/)
    })
    expect(bench.handle.camera.commands).toContain('sf write 0x82000000 0x50000 0x186a0')
  })
  test('a blank kernel stays at the prompt, a blank root file system panics', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      bench.handle.camera.cells.fill(0xff, 0x350000, 0xd50000)
      const person = await bench.openTypist()
      await person.see(/Unable to mount root fs/)
      bench.handle.camera.cells.fill(0xff, 0x50000, 0x350000)
      await bench.handle.pod.power('cycle', noSignal)
      await person.see(/Wrong Image Format for bootm command[^]*OpenIPC # $/)
    })
  })
  test('a kernel with a wrong byte in it does not boot', async () => {
    const bench = createSimBench()
    bench.handle.camera.cells[0x60000]! ^= 1
    await bench.run(async () => {
      const person = await bench.openTypist()
      await person.see(/Verifying Checksum \.\.\. Bad Data CRC[^]*OpenIPC # $/)
    })
  })
  test('a blank boot partition waits in the boot ROM', async () => {
    const bench = createSimBench({ powered: false })
    bench.handle.camera.cells.fill(0xff)
    await bench.run(async () => {
      await bench.handle.pod.power('on', noSignal)
      const person = await bench.openTypist()
      await person.see(/^ {20}/)
      expect(bench.handle.camera.where).toBe('boot-rom')
    })
  })
  test('an erased environment is written by U-Boot itself, a broken one is replaced in RAM only', async () => {
    const bench = createSimBench()
    bench.handle.camera.cells.fill(0xff, 0x40000, 0x50000)
    await bench.run(async () => {
      const person = await bench.openTypist()
      await person.see(/Saving default environment\.\.\./)
      await person.see(/login: $/)
      expect(bench.handle.camera.cells[0x40004]).not.toBe(0xff)
      bench.handle.camera.cells[0x40100]! &= 0x11
      await bench.handle.pod.power('cycle', noSignal)
      await person.see(/\*\*\* Warning - bad CRC, using default environment/)
    })
  })
})

describe('the shell of U-Boot', () => {
  const answers: readonly (readonly [string, RegExp])[] = [
    ['nonsense 1', /Unknown command 'nonsense' - try 'help'/],
    ['tftp 0x42000000 x', /Unknown command 'tftp' - try 'help'/],
    ['printenv nothing', /## Error: "nothing" not defined/],
    ['printenv baseaddr soc', /baseaddr=0x42000000\r\nsoc=hi3516ev300/],
    ['sf erase 0x250001 0x800', /SF: 2048 bytes @ 0x250001 Erased: ERROR -22/],
    ['sf erase 0xff0000 0x20000', /ERROR: attempting erase past flash size \(0x1000000\)/],
    ['sf erase 0x50000 +0x800', /SF: 65536 bytes @ 0x50000 Erased: OK/],
    ['mw.l 0x42000000 0x64636261; md.b 0x42000000 4', /42000000: 61 62 63 64 {37}\s+abcd/],
    ['md 0x42000000 1', /42000000: 64636261/],
    ["echo begin''T9; false; echo end''T9=$?", /\nbeginT9\r\nendT9=1\r\n/],
    ['true && echo yes || echo no', /\nyes\r\nOpenIPC/],
    ['mw.b 0x42000000 5 8; mw.b 0x43000000 5 8; cmp.b 0x42000000 0x43000000 8', /Total of 8 byte\(s\) were the same/],
    ['cp.b 0x42000000 0x43000001 8; cmp.b 0x43000000 0x43000004 8', /Total of \d byte\(s\) were the same/],
    ['ping 192.168.1.1', /host 192\.168\.1\.1 is alive/],
    ['ping 10.1.1.1', /ping failed; host 10\.1\.1\.1 is not alive/],
    ['tftpboot 0x42000000 missing', /TFTP error: 'File not found' \(1\)\r\nNot retrying\.\.\./],
    ['setenv ethaddr; ping 192.168.1.1', /\*\*\* ERROR: `ethaddr' not set/],
    ['setenv mark 42; saveenv', /Saving Environment to SPI Flash\.\.\.[^]*done/],
    ['mtdparts', /0: boot +0x00040000\s+0x00000000/],
    ['bdinfo', /DRAM bank/],
    ['version', /U-Boot 2016\.11/],
    ['help', /tftpboot- boot image via network/],
    ["echo 'open", /syntax error/],
    ['sf lock all; sf erase 0x50000 0x10000', /Erased: ERROR -5/],
  ]
  test('gives the texts of the real one', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const person = await bench.toPrompt()
      for (const [line, answer] of answers) expect(await person.command(line)).toMatch(answer)
    })
  })
  test('no flash command works before the probe', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      await bench.handle.pod.fastboot(smallBlob, noSignal)
      const person = await bench.openTypist()
      await person.see(/autoboot/)
      await person.type('\x03')
      await person.see(/OpenIPC # /)
      expect(await person.command('sf erase 0x50000 0x10000')).toContain("No SPI flash selected. Please run `sf probe'")
      expect(bench.handle.camera.flashTouched).toBe(false)
    })
  })
  test('the hazard: an empty length writes the rest of the chip', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const person = await bench.toPrompt()
      expect(await person.command('sf write 0x42000000 0x250000 ${filesize}')).toContain('SF: 14352384 bytes @ 0x250000 Written: OK')
    })
  })
  test('echoes what is typed, edits it, and forgets a line at Ctrl-C', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const person = await bench.toPrompt()
      await person.type('echo hellp\x08o')
      await person.see(/echo hellp.{3}o$/)
      expect(person.text()).toContain('echo hellp\b \bo')
      await person.type('\r')
      await person.see(/\r\nhello\r\nOpenIPC # /)
      await person.type('sf erase 0 0x40000\x03')
      await person.see(/<INTERRUPT>\r\nOpenIPC # /)
      expect(bench.handle.camera.flashTouched).toBe(false)
    })
  })
  test('Ctrl-C ends a network command and leaves the prompt', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const person = await bench.toPrompt()
      await person.type('tftpboot 0x42000000 missing\r')
      await person.see(/\r\n/)
      await person.type('\x03')
      await person.see(/Abort\r\nOpenIPC # /, 2000)
    })
  })
  test('what saveenv stored survives the power', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const person = await bench.toPrompt()
      await person.command('setenv bootdelay -1; setenv kept "a  b"; saveenv')
      await bench.handle.pod.power('cycle', noSignal)
      await person.see(/OpenIPC # $/)
      expect(await person.command('printenv kept')).toContain('kept=a  b')
    })
  })
})
