//! What the INF of a package says, as far as checks compare it.

use wimwright_servicing::{Draft, ImagePath};

use crate::error::Error;
use crate::inbox::model_at;
use crate::model::{DriverModel, DriverVersion, Guid, Service, StartType};
use crate::store::device_id::{ListedIds, listed_ids};
use crate::stored::Stored;

/// What the INF of a package says.
pub(in crate::check) struct InfSays {
    pub(in crate::check) class: Option<Guid>,
    /// The driver's date as a file time; 0 where it has none.
    pub(in crate::check) date: u64,
    pub(in crate::check) version: DriverVersion,
    /// The catalog that it names for this image.
    pub(in crate::check) catalog: Option<String>,
    /// The ids that it serves, by id in lower case.
    pub(in crate::check) ids: ListedIds,
    /// Names of the services that are put in place with the package, and not
    /// with the device: those of its own drivers, and what starts with the
    /// system.
    pub(in crate::check) services: Vec<String>,
}

impl InfSays {
    /// Reads a package from its folder; first whether it is whole.
    pub(super) fn of(
        draft: &Draft,
        stored: &Stored,
        inf: &ImagePath,
    ) -> Result<(Result<(), String>, Option<InfSays>), Error> {
        Ok(match stored.read(draft)? {
            Ok(whole) => (Ok(()), Some(InfSays::from(&whole.read.model))),
            Err(reason) => {
                let model = model_at(draft, inf)?;
                let model = model.filter(|model| model.not_applicable.is_none());
                (Err(reason), model.as_ref().map(InfSays::from))
            }
        })
    }
}

impl From<&DriverModel> for InfSays {
    fn from(model: &DriverModel) -> InfSays {
        let version = &model.version;
        let driver_ver = version.driver_ver.as_ref();
        let date = driver_ver.and_then(|ver| ver.date);
        let services = model.installs.iter().flat_map(|install| &install.services);
        let own = services.filter(|service| is_put_in_place(model, service));
        let catalog = version.catalog_for(model.target.architecture);
        InfSays {
            class: version.class_guid,
            date: date.map_or(0, |date| date.filetime()),
            version: driver_ver.and_then(|ver| ver.version).unwrap_or_default(),
            catalog: catalog.map(str::to_owned),
            ids: listed_ids(model),
            services: own.map(|service| service.name.clone()).collect(),
        }
    }
}

fn is_put_in_place(model: &DriverModel, service: &Service) -> bool {
    let binary = service.binary.as_ref();
    let binary = binary.and_then(|binary| binary.destination.as_ref());
    let mut files = model.files.files.iter().filter(|file| !file.from_windows);
    let own = binary.is_some_and(|binary| files.any(|file| file.destinations.contains(binary)));
    let early = matches!(service.start, Some(StartType::Boot | StartType::System));
    service.from.is_none() && (own || early)
}

/// What the index must say of each id of an INF; `None` where it cannot be
/// read.
pub(in crate::check) fn index_of(
    draft: &Draft,
    inf: &ImagePath,
) -> Result<Option<ListedIds>, Error> {
    let model = model_at(draft, inf)?;
    Ok(model.map(|model| listed_ids(&model)))
}
