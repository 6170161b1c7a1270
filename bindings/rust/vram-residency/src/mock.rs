// SPDX-License-Identifier: GPL-3.0-or-later
//! Simulated devices, for tests without a GPU.
use crate::error::{check, invalid, made, Result};
use crate::ffi::{owned, Sized0};
use crate::lease::Lease;
use std::ptr::null_mut;
use std::sync::Arc;
use vres_sys as sys;

/// What a driver can be asked to do: [`MockGpu::fail()`] scripts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // named as in vres/mock.h
#[non_exhaustive]
#[repr(u32)]
pub enum MockOp {
    Any = sys::VRES_MOCK_ANY,
    Open = sys::VRES_MOCK_OP_OPEN,
    DeviceCount = sys::VRES_MOCK_OP_DEVICE_COUNT,
    DeviceOpen = sys::VRES_MOCK_OP_DEVICE_OPEN,
    DeviceStatus = sys::VRES_MOCK_OP_DEVICE_STATUS,
    MemAlloc = sys::VRES_MOCK_OP_MEM_ALLOC,
    MemAdopt = sys::VRES_MOCK_OP_MEM_ADOPT,
    MemResidency = sys::VRES_MOCK_OP_MEM_RESIDENCY,
    MemWipe = sys::VRES_MOCK_OP_MEM_WIPE,
    MemRelease = sys::VRES_MOCK_OP_MEM_RELEASE,
    LaneOpen = sys::VRES_MOCK_OP_LANE_OPEN,
    LanePush = sys::VRES_MOCK_OP_LANE_PUSH,
    LanePull = sys::VRES_MOCK_OP_LANE_PULL,
    LaneWait = sys::VRES_MOCK_OP_LANE_WAIT,
    HashBlocks = sys::VRES_MOCK_OP_HASH_BLOCKS,
    MemProtect = sys::VRES_MOCK_OP_MEM_PROTECT,
}

// Managers keep their mock until they have closed, so nobody uses it any more when it is dropped.
owned! {
/// Simulated devices with an exact capacity, that flip bits and fail when they are told to.
///
/// Managers keep it as long as they need it.
///
/// ```
/// # use std::sync::Arc;
/// # use vram_residency::*;
/// let gpu = Arc::new(MockGpu::with_capacity(1 << 20)?);
/// let manager = doc::manager(&gpu)?;
/// let shard = manager.seal(b"weights", 0)?;
/// let at = manager.lease(&shard)?.device_ptr();
/// gpu.flip(at + 3, 0)?;
/// assert_eq!(manager.verify_sealed(&shard), Err(VramError::SealVerificationFailed));
/// gpu.fail(MockOp::MemAlloc, 1, vram_residency::sys::VRES_E_ALLOCATION_FAILED);
/// assert!(manager.seal(b"weights", 0).unwrap_err().is_retriable());
/// assert_eq!(gpu.calls(MockOp::MemAlloc), 2);
/// drop((manager, shard));
/// assert_eq!((gpu.live_handles(), gpu.unwiped()), (0, 0));
/// MockGpu::with_devices(2, 1 << 20)?.lose_device(1);
/// # Ok::<(), VramError>(())
/// ```
pub MockGpu of vres_mock by vres_mock_destroy
}

impl MockGpu {
    /// One device of so many bytes, a multiple of 4096.
    pub fn with_capacity(bytes: u64) -> Result<MockGpu> {
        MockGpu::with_devices(1, bytes)
    }

    /// Several devices of so many bytes each.
    pub fn with_devices(devices: u32, bytes_per_device: u64) -> Result<MockGpu> {
        let params = sys::vres_mock_params { devices, bytes_per_device, ..sys::vres_mock_params::init() };
        // SAFETY: the parameters live during the call; out and err are made()'s.
        made(|out, e| unsafe { sys::vres_mock_create(&params, out, e) }).map(MockGpu)
    }

    /// Makes a copy of the bytes memory of device 0 that is the caller's, to be adopted.
    pub fn map(self: &Arc<Self>, content: &[u8]) -> Result<MockMemory> {
        let (host, bytes) = (Box::into_raw(Box::<[u8]>::from(content)), content.len());
        let memory = MockMemory { gpu: Arc::clone(self), host };
        let (mut address, n) = (0, u64::try_from(bytes).unwrap_or(u64::MAX));
        // SAFETY: the mock is live, and the memory outlives it or is unmapped by drop(); out is ours.
        match unsafe { sys::vres_mock_map(self.0, 0, host.cast(), n, &mut address) } {
            sys::VRES_OK => Ok(memory),
            status => Err(crate::error::fail(status, sys::VRES_REASON_NONE, "the mock does not take the bytes")),
        }
    }

    /// Flips one bit at a device address: that of a lease, plus an offset.
    pub fn flip(&self, device_addr: u64, bit: u32) -> Result<()> {
        // SAFETY: the mock is live, and refuses an address that is not its own.
        match unsafe { sys::vres_mock_flip(self.0, device_addr, bit) } {
            sys::VRES_OK => Ok(()),
            _ => Err(invalid("no memory of the mock has this address, or the bit is above 7")),
        }
    }

    /// Makes the `nth` call of an operation from now, 1 the next, return `status`, a `VRES_E_x` of [`sys`](crate::sys);
    /// 0 forgets what was scripted.
    pub fn fail(&self, op: MockOp, nth: u64, status: u32) {
        // SAFETY: the mock is live, and takes any status for what a driver said.
        unsafe { sys::vres_mock_fail(self.0, op as u32, nth, status) }
    }

    /// Makes every operation of a device fail from now.
    pub fn lose_device(&self, gpu_device: u32) {
        // SAFETY: the mock is live, and ignores a device that does not exist.
        unsafe { sys::vres_mock_lose_device(self.0, gpu_device) }
    }

    /// How often an operation was called.
    pub fn calls(&self, op: MockOp) -> u64 {
        // SAFETY: the mock is live.
        unsafe { sys::vres_mock_calls(self.0, op as u32) }
    }

    /// Handles that are open now: 0 when every manager has closed and nothing leaked.
    pub fn live_handles(&self) -> u64 {
        // SAFETY: the mock is live.
        unsafe { sys::vres_mock_live_handles(self.0) }
    }

    /// Allocations that were freed while a byte of them was not zero.
    pub fn unwiped(&self) -> u64 {
        // SAFETY: the mock is live.
        unsafe { sys::vres_mock_unwiped(self.0) }
    }

    /// What a kernel that was given the address of `lease` would read there.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let lease = manager.lease(&manager.seal(b"weights", 0)?)?;
    /// let mut seen = [0; 4];
    /// gpu.read(&lease, 3, &mut seen)?;
    /// assert_eq!(&seen, b"ghts");
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn read(&self, lease: &Lease, offset: u64, into: &mut [u8]) -> Result<()> {
        let n = u64::try_from(into.len()).unwrap_or(u64::MAX);
        if into.is_empty() || offset.checked_add(n).map_or(true, |end| end > lease.bytes()) {
            return Err(invalid("the range is empty or leaves the lease"));
        }
        let address = lease.device_ptr().saturating_add(offset);
        // SAFETY: as vres/backend.h asks: handles come from this backend and are closed in order, and
        // the range is inside the memory of a live lease, or else the mock refuses it.
        check(|e| unsafe { pull(self.0, address, into, e) })
    }

    pub(crate) fn raw(&self) -> *mut sys::vres_mock {
        self.0
    }
}

/// Memory of a simulated device that belongs to the program, as an engine's belongs to the engine; dropping it unmaps it.
///
/// ```
/// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
/// let mut memory: MockMemory = gpu.map(&[7; 5000])?;
/// // SAFETY: there is no shard over it.
/// unsafe { memory.write(4999, b"8") };
/// gpu.flip(memory.device_ptr(), 0)?;
/// # Ok::<(), VramError>(())
/// ```
pub struct MockMemory {
    gpu: Arc<MockGpu>,
    host: *mut [u8],
}

// SAFETY: the memory is this value's alone, and the mock takes calls from any thread.
unsafe impl Send for MockMemory {}
// SAFETY: as above; what is shared is its address.
unsafe impl Sync for MockMemory {}

impl MockMemory {
    /// Its address on the device.
    pub fn device_ptr(&self) -> u64 {
        self.host.cast::<u8>() as usize as u64
    }

    /// Writes as its owner does.  What is beyond its end is not written.
    ///
    /// # Safety
    /// Every shard over the memory is suspended or gone, and no other thread flips a bit of it.
    pub unsafe fn write(&mut self, offset: usize, bytes: &[u8]) {
        // SAFETY: the memory is ours until drop(), and nobody else uses it now, as the caller promises.
        let memory = unsafe { &mut *self.host };
        memory.iter_mut().skip(offset).zip(bytes).for_each(|(to, from)| *to = *from);
    }
}

impl Drop for MockMemory {
    fn drop(&mut self) {
        // SAFETY: the mock is live, waits for calls that work on the memory, and does not find it later; it is freed
        // once.
        unsafe {
            sys::vres_mock_unmap(self.gpu.0, self.device_ptr());
            drop(Box::from_raw(self.host));
        }
    }
}

/// Copies from a simulated device through a driver, device, memory and lane of its own.
///
/// # Safety
/// `mock` is live.
unsafe fn pull(mock: *mut sys::vres_mock, address: u64, into: &mut [u8], e: *mut sys::vres_error) -> sys::vres_status {
    /// Closes on drop what was opened; an operation that the table lacks is a status of its own.
    struct Close<F: FnMut()>(F);
    impl<F: FnMut()> Drop for Close<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    macro_rules! op {
        ($table:ident . $name:ident ( $($argument:expr),* )) => {
            match $table.$name {
                Some(call) => match call($($argument),*) {
                    sys::VRES_OK => (),
                    status => return status,
                },
                None => return sys::VRES_E_INTERNAL,
            }
        };
    }
    // SAFETY: as the caller promises; each handle is open when it is used.
    unsafe {
        let table = *sys::vres_backend_mock();
        let params = sys::vres_backend_open { arg: mock.cast(), ..sys::vres_backend_open::init() };
        let (mut driver, mut device, mut memory) = (null_mut(), null_mut(), null_mut());
        let (mut lane, mut staging) = (null_mut(), null_mut());
        let mut props = sys::vres_device_props::init();
        op!(table.open(&params, &mut driver, e));
        let _driver = Close(|| table.close.into_iter().for_each(|close| close(driver)));
        op!(table.device_open(driver, 0, &mut props, &mut device, e));
        let _device = Close(|| table.device_close.into_iter().for_each(|close| close(device)));
        let n = u64::try_from(into.len()).unwrap_or(u64::MAX);
        op!(table.mem_adopt(device, address, n, &mut memory, e));
        let _memory = Close(|| {
            if let Some(release) = table.mem_release {
                let mut ignored = crate::ffi::blank_error();
                let _ = release(memory, &mut ignored);
            }
        });
        op!(table.lane_open(device, into.len(), 0, &mut lane, &mut staging, e));
        let _lane = Close(|| table.lane_close.into_iter().for_each(|close| close(lane)));
        op!(table.lane_pull(lane, memory, 0, into.len(), e));
        op!(table.lane_wait(lane, 60_000_000_000, e));
        into.as_mut_ptr().copy_from_nonoverlapping(staging.cast::<u8>(), into.len());
    }
    sys::VRES_OK
}

/// What the examples of the documentation begin with.
#[doc(hidden)]
pub mod doc {
    use crate::{AuditLogger, MockGpu, NoAudit, Result, VramConfig, VramManager, VramOptions};
    use std::sync::Arc;

    pub fn config() -> VramConfig {
        config_with(Arc::new(NoAudit))
    }

    fn config_with(audit_logger: Arc<dyn AuditLogger>) -> VramConfig {
        VramConfig { worker_api_token: "test-token-42".into(), gpu_device: 0, max_model_size: 0, audit_logger }
    }

    pub fn manager(gpu: &Arc<MockGpu>) -> Result<VramManager> {
        VramManager::with_options(config(), VramOptions::mock(gpu))
    }

    pub fn logged(logger: impl AuditLogger + 'static) -> Result<VramManager> {
        VramManager::with_options(
            config_with(Arc::new(logger)),
            VramOptions::mock(&Arc::new(MockGpu::with_capacity(1 << 20)?)),
        )
    }

    pub fn parts() -> Result<(Arc<MockGpu>, VramManager)> {
        let gpu = Arc::new(MockGpu::with_capacity(1 << 20)?);
        let manager = manager(&gpu)?;
        Ok((gpu, manager))
    }

    /// A folder that only its owner may use, which ends with it.
    pub struct Folder(pub std::path::PathBuf);

    impl Folder {
        pub fn new(name: &str) -> std::io::Result<Folder> {
            use std::os::unix::fs::DirBuilderExt;
            let folder = std::env::temp_dir().join(format!("vres-{name}-{}", std::process::id()));
            std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
            Ok(Folder(folder))
        }

        pub fn path(&self, name: &str) -> String {
            self.0.join(name).to_string_lossy().into_owned()
        }

        /// Writes a file that only its owner may read.
        pub fn write(&self, name: &str, bytes: &[u8]) -> std::io::Result<String> {
            use std::os::unix::fs::OpenOptionsExt;
            let mut file =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path(name))?;
            std::io::Write::write_all(&mut file, bytes)?;
            Ok(self.path(name))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
