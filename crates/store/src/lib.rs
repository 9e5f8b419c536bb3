//! OCI content: where it lies, how it is read and written, how a graph of it is copied.
//!
//! - [`Repository`] and [`WritableRepository`] are what a client stands on: it holds descriptors.
//! - [`Storage`] is what a registry server stands on: it holds names and digests. [`StorageRepository`] makes
//!   a repository of any storage and a name.
//! - [`MemoryStorage`] and [`LayoutStorage`] are storages; [`StagedRepository`] is what a publisher builds
//!   before anything is written.
//! - [`remote::Remote`] reaches registries over the network; [`credentials`] tell who we are to them.
//! - [`copy_graph`] is the one loop that moves content: children before parents, tags last.
//! - [`files`] is the one seam through which this project touches a disk.

mod adaptor;
mod batch;
mod blob;
mod blocking;
pub mod copy;
pub mod credentials;
mod error;
pub mod files;
pub mod layout;
mod memory;
mod open;
mod pending;
mod place;
mod reader;
pub mod remote;
mod repository;
mod staged;
mod storage;

pub use adaptor::StorageRepository;
pub use blob::{Blob, GateError, OpenBlob, ReadBlob};
pub use copy::{
    CopyError, CopyEvent, CopyOptions, CopyPlan, CopyReport, CopyRoot, Listing, Referrers,
    Reporter, copy_graph, plan_copy,
};
pub use error::{Damage, Result, StoreError};
pub use files::Files;
pub use layout::{LayoutStorage, fsck};
pub use memory::MemoryStorage;
pub use open::{open_directory, open_directory_for_writing};
pub use pending::PendingBlob;
pub use place::{Domain, Place, StorageId};
pub use reader::{BlobReader, PartReader};
pub use repository::{Put, PutManifest, Repository, TagRule, WritableRepository};
pub use staged::StagedRepository;
pub use storage::{InvalidUploadId, Keep, Kind, Stat, Storage, Upload, UploadId, User};
