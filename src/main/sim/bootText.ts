/** One piece of the kernel's output: how long it takes to come, then the text. */
export interface BootPiece {
  readonly afterMs: number
  readonly text: string
}

export const ubootVersion = 'U-Boot 2016.11 (Mar 20 2023 - 11:44:07 +0000)'

export const ubootBanner = (soc: string, flashMb: number, version = ubootVersion): string =>
  `\n\nSystem startup\n\nUncompress Ok!\n\n${version} ${soc}\n\nRelocation Offset is: 0372b000\nDRAM:  64 MiB\n`
  + `Block:64KB Chip:${flashMb}MB Name:"W25Q${flashMb * 8}"\nSPI Nor total size: ${flashMb}MB\nMMC:   \n`

const kernelStamps = (lines: readonly (readonly [number, string])[]): string =>
  lines.map(([seconds, line]) => `[    ${seconds.toFixed(6)}] ${line}\n`).join('')

export interface KernelFacts {
  readonly bootargs: string
  readonly mac: string
  readonly partitions: readonly { readonly name: string; readonly offset: number; readonly lengthBytes: number }[]
}

export function kernelText({ bootargs, mac, partitions }: KernelFacts): readonly BootPiece[] {
  const hex = (value: number): string => value.toString(16).padStart(12, '0')
  return [
    { afterMs: 300, text: `\nStarting kernel ...\n\n${kernelStamps([
      [0, 'Booting Linux on physical CPU 0x0'],
      [0, 'Linux version 4.9.37 (runner@builder) (gcc version 12.3.0 (Buildroot)) #1 Sun May 10 04:11:52 UTC 2026'],
      [0, 'CPU: ARMv7 Processor [410fc075] revision 5 (ARMv7), cr=10c5387d'],
      [0, 'OF: fdt:Machine model: Hisilicon HI3516EV300 DEMO Board'],
      [0, `Kernel command line: ${bootargs}`],
      [0, 'Memory: 27264K/32768K available (4096K kernel code, 133K rwdata, 1012K rodata, 200K init, 220K bss)'],
      [0.000016, 'sched_clock: 32 bits at 50MHz, resolution 20ns, wraps every 42949672950ns'],
    ])}` },
    { afterMs: 400, text: kernelStamps([
      [0.118204, 'NET: Registered protocol family 16'],
      [0.214470, 'clocksource: Switched to clocksource arm_sp804'],
      [0.341882, 'TCP: Hash tables configured (established 1024 bind 1024)'],
      [0.402117, 'squashfs: version 4.0 (2009/01/31) Phillip Lougher'],
      [0.510031, '120a0000.uart: ttyAMA0 at MMIO 0x120a0000 (irq = 21, base_baud = 0) is a PL011 rev2'],
    ]) },
    { afterMs: 500, text: kernelStamps([
      [0.921004, 'hisi-sfc hisi_spi_nor.0: SPI Nor ID Table Version 1.2'],
      [0.942510, `${partitions.length} cmdlinepart partitions found on MTD device hi_sfc`],
      [0.948113, 'Creating MTD partitions on "hi_sfc":'],
      ...partitions.map(({ name, offset, lengthBytes }, index) => [0.95 + index / 100, `0x${hex(offset)}-0x${hex(offset + lengthBytes)} : "${name}"`] as const),
    ]) },
    { afterMs: 500, text: kernelStamps([
      [1.204418, `hisi-femac 10040000.ethernet: MAC ${mac}`],
      [1.388120, 'mmc0: no card found'],
      [1.501002, 'NET: Registered protocol family 17'],
    ]) },
  ]
}

export const rootfsPanic = kernelStamps([
  [1.612005, 'VFS: Cannot open root device "mtdblock3" or unknown-block(31,3): error -22'],
  [1.618330, 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(31,3)'],
  [1.624001, 'Rebooting in 20 seconds..'],
])

export const earlyPanic = kernelStamps([
  [0.041202, 'Unable to handle kernel NULL pointer dereference at virtual address 00000000'],
  [0.044890, 'Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b'],
  [0.049117, 'Rebooting in 2 seconds..'],
])

export const userSpaceText = (chip: string): readonly BootPiece[] => [
  { afterMs: 150, text: kernelStamps([
    [1.712004, 'VFS: Mounted root (squashfs filesystem) readonly on device 31:3.'],
    [1.731118, 'Freeing unused kernel memory: 200K (c0600000 - c0632000)'],
  ]) },
  { afterMs: 300, text: 'INIT: starting...\nmount: mounting overlay on / \nStarting syslogd: OK\nStarting crond: OK\n' },
  { afterMs: 300, text: 'Loading vendor kernel modules...\nGet data from environment and set SENSOR as imx307\nNetwork: link is up, 100Mbps full duplex\nStarting network: OK\n' },
  { afterMs: 200, text: 'Starting ntpd: OK\nStarting dropbear sshd: OK\nStarting majestic: OK\n' },
  { afterMs: 100, text: `\nWelcome to OpenIPC for ${chip}\n` },
]

export const loginPrompt = (chip: string): string => `\nopenipc-${chip} login: `

/** What a camera says by itself, a few times a minute. */
export const idleLines: readonly string[] = [
  'majestic[412]: day mode, exposure 18 ms, gain 1.4x',
  'majestic[412]: night mode, IR cut filter open',
  'majestic[412]: RTSP client connected',
  'majestic[412]: RTSP client gone, 1 left',
  'majestic[412]: motion in zone 2',
  'crond[301]: USER root pid 1188 cmd /usr/sbin/camhealth',
  'ntpd[288]: adjusting clock by -0.004 s',
  'kernel: eth0: Link is Up - 100Mbps/Full - flow control off',
  'dropbear[355]: Child connection closed by peer',
  'majestic[412]: 25.0 fps, 2048 kbit/s, cpu 31 %',
]
