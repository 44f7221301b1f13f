import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeBootCommand } from './bootCommand.ts'
import { installLayouts } from './installLayout.ts'

const read = 'sf probe 0; sf read ${baseaddr} 0x50000 0x300000; bootm ${baseaddr}'
const args = 'mem=${osmem} console=ttyAMA0,115200 root=/dev/mtdblock3 rootfstype=squashfs mtdparts=${mtdparts} ${extras}'
const judge = (bootcmdnor: string, more: Record<string, string> = {}, kernelBytes = 2_000_000, layout: 'nor8' | 'nor16' = 'nor16'): ReturnType<typeof judgeBootCommand> => judgeBootCommand({
  name: 'bootcmdnor', layout: installLayouts[layout], kernelBytes,
  variables: new Map(Object.entries({ baseaddr: '0x42000000', osmem: '32M', mtdparts: installLayouts[layout].mtdparts, bootargs: args, bootcmdnor, ...more })),
})

test.each([
  ['one line', read, {}],
  ['arguments by way of setargs', `setenv setargs setenv bootargs \${bootargs}; run setargs; ${read}; reset`, {}],
  ['without 0x, as U-Boot reads it', 'sf probe 0:0; sf read a1000000 50000 200000; bootm a1000000', {}],
  ['places in variables', 'sf probe; sf read ${baseaddr} ${kernaddr} ${kernsize} && bootm ${baseaddr}', { kernaddr: '0x50000', kernsize: '0x300000' }],
  ['by way of another', 'run start', { start: 'run args; run load', args: `setenv bootargs ${args}`, load: read }],
  ['another device name in the same table', `setenv bootargs root=/dev/mtdblock3 mtdparts=sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data); ${read}`, {}],
])('right: %s', (_, text, more) => { expect(judge(text, more)).toEqual({ is: 'right' }) })

test.each([
  ['another place', 'sf probe 0; sf read ${baseaddr} 0x40000 0x300000; bootm ${baseaddr}', {}, /^reads from 0x40000, and the kernel is at 0x50000$/],
  ['too little of it', 'sf probe 0; sf read ${baseaddr} 0x50000 0x100000; bootm ${baseaddr}', {}, /^reads 1048576 bytes of the kernel, which has 2000000$/],
  ['another root', `setenv bootargs root=/dev/mtdblock2; ${read}`, {}, /^tells the kernel that its root is on partition 2, and it is on 3$/],
  ['another root in bootargs', read, { bootargs: 'mem=20M root=/dev/mtdblock1 rootfstype=cramfs' }, /partition 1/],
  ['another table', `setenv bootargs root=/dev/mtdblock3 mtdparts=x:256k(boot),64k(env),2048k(kernel),5120k(rootfs),-(rootfs_data); ${read}`, {}, /^gives the kernel another partition table: x:256k/],
  ['what erases', `${read}; sf erase 0 10000`, {}, /^changes the flash at each start: "sf erase 0 10000"$/],
  ['what writes, two variables away', `run a; ${read}`, { a: 'run b', b: 'nand write 42000000 0 20000' }, /^changes the flash at each start: "nand write/],
])('wrong: %s', (_, text, more, why) => { expect(judge(text, more)).toEqual({ is: 'wrong', why: expect.stringMatching(why) as unknown }) })

test.each(['vendorboot', 'sf read ${baseaddr} ${nowhere} 0x300000', 'run nothing', 'fsload ${baseaddr} uImage; bootm'])('unknown: %s', (text) => { expect(judge(text)).toEqual({ is: 'unknown' }) })

test('variables that name or run each other come to an end', () => {
  const many = Array.from({ length: 60 }, () => 'b').join(' ')
  const startedMs = performance.now()
  expect(judge('run a', { a: 'run a; run a' }).is).toBe('unknown')
  expect(judge('run a', { a: `run ${many}`, b: 'run c c c c c c c c c', c: `run ${many}` }).is).toBe('unknown')
  expect(judge('${a}', { a: '${a}${b}', b: '${a}${a}${b}' }).is).toBe('unknown')
  expect(performance.now() - startedMs).toBeLessThan(2_000)
  fc.assert(fc.property(fc.string(), fc.dictionary(fc.constantFrom('a', 'b', 'bootargs'), fc.string()), (text, more) => { expect(['right', 'wrong', 'unknown']).toContain(judge(text, more).is) }))
})
